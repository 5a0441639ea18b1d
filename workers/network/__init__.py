"""The one way out of a box: to hosts the owner allowed, through a proxy outside that looks at every address it dials."""
