"""Pages about a family: children, settings, connected apps."""

from django.urls import path

from . import views

app_name = "children"
urlpatterns = [
    path("children/new/", views.create, name="create"),
    path("children/<uuid:child_id>/edit/", views.edit, name="edit"),
    path("children/<uuid:child_id>/delete/", views.delete, name="delete"),
    path("family/", views.family_settings, name="family"),
    path("connected-apps/", views.connected_apps, name="tokens"),
    path("connected-apps/<int:token_id>/disconnect/", views.disconnect, name="revoke"),
]
