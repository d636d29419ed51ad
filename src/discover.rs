//! Finds the units below the given paths; the only reader of the disk.
