"""URLs of the project."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from stories.pages import views
from storyteller.api import api
from storyteller.health import healthz

# Staff log in where parents do, behind the same limit on tries.
admin.autodiscover()
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("api/v1/", api.urls),
    path("", views.home, name="home"),
    path("", include("children.urls")),
    path("", include("stories.pages.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]
