//! What every table promises, the page's macros, and the written help.

mod macros;
mod tables;
mod troubleshooting;
