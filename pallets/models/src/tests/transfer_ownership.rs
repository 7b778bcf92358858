use super::*;

pallet_testing::transfer_ownership!(model, base(), |id| super::model(id).owner);
