//! The files of one module directory, merged into its declarations.
