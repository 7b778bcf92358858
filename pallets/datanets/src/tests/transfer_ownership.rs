use super::*;

pallet_testing::transfer_ownership!(datanet, datanet(), |id| stored(id).owner);
