//! Order, repeats, refusals and what survives a reload.
