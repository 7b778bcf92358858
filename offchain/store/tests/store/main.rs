//! Records, formats and files, through the public interface.

mod cases;
mod files;
mod formats;
mod normal;
mod records;
