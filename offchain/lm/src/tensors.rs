//! Matrices between this crate's callers and burn.

use burn::tensor::{Device, Tensor, TensorData};

/// A matrix on the CPU.
pub(crate) fn tensor(values: Vec<f32>, shape: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

/// The values of a tensor, row by row.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().expect("tensors of this crate are f32")
}

/// A matrix for callers.
pub(crate) fn array(matrix: Tensor<2>) -> ndarray::Array2<f32> {
    let [rows, columns] = matrix.dims();
    ndarray::Array2::from_shape_vec((rows, columns), values(matrix))
        .expect("a tensor holds as many values as its shape says")
}
