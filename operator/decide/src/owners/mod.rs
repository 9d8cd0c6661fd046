//! OWNERS files: who may approve what, and whether a change is approved.
