//! Which files make a module, and what they declare together.
