//! A page as a whole, against frames as a server would send them.
