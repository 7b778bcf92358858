//! What governance tunes is what the runtime reads.

use crate::common::state_of;
use frame_support::{assert_noop, assert_ok, traits::Get};
use openledger_runtime::{
    genesis::DEVELOPMENT,
    params::{attribution, fees},
    AccountId, Parameters, RuntimeOrigin, RuntimeParameters,
};
use sp_runtime::{DispatchError, Perbill};

fn treasury_part(part: Option<Perbill>) -> RuntimeParameters {
    RuntimeParameters::Fees(fees::Parameters::TreasuryPart(fees::TreasuryPart, part))
}

/// The pallet writes the map that `openledger_runtime_common::params` reads, under the same name.
#[test]
fn parameter_should_have_the_value_that_was_set_and_its_default_when_that_is_taken_back() {
    state_of(DEVELOPMENT).execute_with(|| {
        let default = fees::TreasuryPart::get();
        let part = Perbill::from_percent(7);
        assert_ok!(Parameters::set_parameter(RuntimeOrigin::root(), treasury_part(Some(part))));
        assert_eq!(fees::TreasuryPart::get(), part);

        let committee = attribution::Parameters::Committee(attribution::Committee, Some(5));
        let committee = RuntimeParameters::Attribution(committee);
        assert_ok!(Parameters::set_parameter(RuntimeOrigin::root(), committee));
        assert_eq!(attribution::Committee::get(), 5);
        assert_eq!(fees::TreasuryPart::get(), part);

        assert_ok!(Parameters::set_parameter(RuntimeOrigin::root(), treasury_part(None)));
        assert_eq!(fees::TreasuryPart::get(), default);
    });
}

#[test]
fn parameter_should_stay_when_another_than_root_sets_it() {
    state_of(DEVELOPMENT).execute_with(|| {
        let anybody = RuntimeOrigin::signed(AccountId::new([1; 32]));
        let part = Some(Perbill::from_percent(7));
        assert_noop!(
            Parameters::set_parameter(anybody, treasury_part(part)),
            DispatchError::BadOrigin
        );
    });
}
