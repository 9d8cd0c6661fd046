//! Label policies: desired and observed labels to changes.
