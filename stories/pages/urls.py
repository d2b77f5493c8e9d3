"""The family's pages about stories."""

from django.urls import path

from . import downloads, friends, reader_forms, views

app_name = "stories"
urlpatterns = [
    path("chapters/<uuid:chapter_id>/preview/", views.preview, name="preview"),
    path("chapters/<uuid:chapter_id>/report/", views.report, name="report"),
    path("children/<uuid:child_id>/new-story/", views.new, name="new"),
    path("children/<uuid:child_id>/stories/", views.child_library, name="library"),
    path("friends/<uuid:friend_id>/forget/", friends.forget, name="forget_friend"),
    path("read/<uuid:session_id>/", views.read, name="read"),
    path("read/<uuid:session_id>/choose/", reader_forms.choose, name="choose"),
    path("read/<uuid:session_id>/stop/", reader_forms.stop, name="stop"),
    path("read/<uuid:session_id>/carry-on/", reader_forms.carry_on, name="carry_on"),
    path("read/<uuid:session_id>/discard/", reader_forms.discard, name="discard"),
    path("stories/<uuid:story_id>/", views.story, name="story"),
    path("stories/<uuid:story_id>/friend/", friends.of_story, name="story_friend"),
    path("stories/<uuid:story_id>/epub/", downloads.as_epub, name="epub"),
    path("stories/<uuid:story_id>/pdf/", downloads.as_pdf, name="pdf"),
    path("stories/<uuid:story_id>/booklet/", downloads.as_booklet, name="booklet"),
]
