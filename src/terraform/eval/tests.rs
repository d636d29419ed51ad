//! Evaluation of whole modules.
