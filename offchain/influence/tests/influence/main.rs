//! Influence on a model small enough that the slow way is affordable.

mod baseline;
mod conjugate;
mod ekfac;
mod fixture;
mod gradients;
mod index;
mod settlement;
mod unrolled;
