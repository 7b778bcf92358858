//! What models compute on.

use std::{fmt, str::FromStr};

use burn::tensor;
#[cfg(feature = "wgpu")]
use burn::tensor::DeviceType;

use crate::{Error, Model, Result};

/// What a model computes on. Only the CPU gives the same bits every time; it judges the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// All cores (burn's flex backend, and this crate's kernels).
    #[default]
    Cpu,
    /// The first GPU that Vulkan, Metal or DirectX lists; of programs with the feature `wgpu`.
    Wgpu,
}

impl Device {
    const ALL: [Self; 2] = [Self::Cpu, Self::Wgpu];

    fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Wgpu => "wgpu",
        }
    }

    /// Whether models can be put on it here.
    ///
    /// # Errors
    /// If this program was compiled without it, or the machine has none.
    pub fn check(self) -> Result<()> {
        self.open().map(|_| ())
    }

    /// Finds it.
    ///
    /// # Errors
    /// If this program was compiled without it, or the machine has none.
    fn open(self) -> Result<tensor::Device> {
        match self {
            Self::Cpu => Ok(tensor::Device::flex()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => {
                let found = tensor::Device::enumerate(DeviceType::Wgpu).first().cloned();
                found.ok_or_else(|| Error::Device("wgpu finds none on this machine".into()))
            }
            #[cfg(not(feature = "wgpu"))]
            Self::Wgpu => {
                Err(Error::Device("this program was compiled without the feature wgpu".into()))
            }
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Device {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|device| device.name() == name);
        known.ok_or_else(|| Error::Device(format!("expected cpu or wgpu, got {name:?}")))
    }
}

impl Model {
    /// This model on another device, with its adapter if it has one; adapters that are put on it follow.
    ///
    /// # Errors
    /// If this program was compiled without that device, or the machine has none.
    pub fn to(&self, device: Device) -> Result<Self> {
        let device = device.open()?;
        let moved =
            self.weights.list().into_iter().map(|tensor| tensor.to_device(&device)).collect();
        let base = self.without_adapter().with_weights(moved)?;
        match self.adapter() {
            Some(adapter) => base.with_adapter(adapter.clone()),
            None => Ok(base),
        }
    }

    /// Where its weights are.
    pub(crate) fn device(&self) -> tensor::Device {
        self.weights.norm.device()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_should_be_known_by_name() {
        for device in Device::ALL {
            assert_eq!(device.to_string().parse::<Device>().unwrap(), device);
        }
        let refused = "gpu".parse::<Device>().unwrap_err().to_string();
        assert_eq!(refused, "device: expected cpu or wgpu, got \"gpu\"");
    }

    #[test]
    #[cfg(not(feature = "wgpu"))]
    fn a_device_should_be_refused_when_the_program_is_without_it() {
        let refused = Device::Wgpu.open().unwrap_err().to_string();
        assert_eq!(refused, "device: this program was compiled without the feature wgpu");
    }
}
