//! Pages and events in every order, changes, resets, and what is shown.
