"""The main job to try out: a demo source, a published task and a report page."""
