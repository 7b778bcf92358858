//! Influence on a model small enough that the slow way is affordable.

mod ekfac;
mod fixture;
mod gradients;
mod index;
mod settlement;
mod tiny;
