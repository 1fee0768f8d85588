"""One day, all views: the same group on two views, where it lies, what the rules suggest. Pure."""
