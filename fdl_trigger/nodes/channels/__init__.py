"""Ways to tell people something: one file a kind, all behind one interface (`base.Channel`)."""
