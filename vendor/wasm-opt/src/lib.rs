//! The crate of this name compiles Binaryen from C++, which costs more than the whole runtime does.
//! substrate-wasm-builder uses it to strip debug sections and to check that the runtime keeps to
//! WebAssembly's first version; the program `wasm-opt`, Debian's package `binaryen`, does both.

use std::{fmt, io, path::Path, process::Command};

pub enum Pass {
	StripDwarf,
	/// Lowers sign extension operators. The target `wasm32v1-none` emits none, and
	/// [`OptimizationOptions::mvp_features_only`] refuses a module that has one.
	SignextLowering,
}

pub struct OptimizationOptions {
	arguments: Vec<&'static str>,
}

impl OptimizationOptions {
	pub fn new_opt_level_0() -> Self {
		Self { arguments: vec!["-O0"] }
	}

	pub fn mvp_features_only(&mut self) -> &mut Self {
		self.arguments.push("--mvp-features");
		self
	}

	/// Whether names are kept.
	pub fn debug_info(&mut self, keep: bool) -> &mut Self {
		if keep {
			self.arguments.push("--debuginfo");
		}
		self
	}

	pub fn add_pass(&mut self, pass: Pass) -> &mut Self {
		match pass {
			Pass::StripDwarf => self.arguments.push("--strip-dwarf"),
			Pass::SignextLowering => {},
		}
		self
	}

	pub fn run(&self, from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), Error> {
		let status = Command::new("wasm-opt")
			.args(&self.arguments)
			.arg(from.as_ref())
			.arg("--output")
			.arg(to.as_ref())
			.status()
			.map_err(Error::Missing)?;
		if status.success() {
			Ok(())
		} else {
			Err(Error::Refused)
		}
	}
}

#[derive(Debug)]
pub enum Error {
	/// The program could not be started.
	Missing(io::Error),
	/// It ran, and said on standard error what it does not accept.
	Refused,
}

impl fmt::Display for Error {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Error::Missing(error) => write!(f, "wasm-opt does not start ({error}): install binaryen"),
			Error::Refused => write!(f, "wasm-opt refused the module"),
		}
	}
}

impl std::error::Error for Error {}
