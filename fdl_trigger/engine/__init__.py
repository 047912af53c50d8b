"""What makes it run: claims waiting instances, walks their flows on a thread pool, settles each exactly once."""
