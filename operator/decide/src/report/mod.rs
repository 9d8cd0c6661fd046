//! Reports: the texts of statuses and comments, and where results are stored.
