//! `crossvault.toml`.
