//! Object storage in Prow's layout.
