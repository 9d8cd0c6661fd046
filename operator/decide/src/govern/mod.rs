//! Who governs a repository, and what happens when an object goes (DESIGN G1-G3, KINDS 6).
