//! Products of small matrices on one thread.

/// A matrix in memory.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    /// Of the next row, and of the next column.
    strides: [isize; 2],
}

impl<'a> Matrix<'a> {
    /// Rows one after the other.
    pub(crate) fn new(data: &'a [f32], columns: usize) -> Self {
        let rows = data.len() / columns.max(1);
        Self { data, rows, columns, strides: [columns as isize, 1] }
    }

    /// The transpose, without moving anything.
    pub(crate) fn transposed(self) -> Self {
        let [row, column] = self.strides;
        Self { rows: self.columns, columns: self.rows, strides: [column, row], ..self }
    }
}

/// `out = a b`, rows one after the other, or `out += a b`.
///
/// # Panics
/// If the shapes do not fit each other.
pub(crate) fn product(out: &mut [f32], a: Matrix, b: Matrix, add: bool) {
    assert_eq!(a.columns, b.rows, "a product needs as many columns as rows");
    assert_eq!(out.len(), a.rows * b.columns, "a product has its factors' outer shape");
    assert!(a.data.len() >= a.rows * a.columns && b.data.len() >= b.rows * b.columns);
    // SAFETY: the three matrices lie inside their slices, as the assertions say, and `out` is borrowed alone.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            b.columns as isize,
            add,
            a.data.as_ptr(),
            a.strides[1],
            a.strides[0],
            b.data.as_ptr(),
            b.strides[1],
            b.strides[0],
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
