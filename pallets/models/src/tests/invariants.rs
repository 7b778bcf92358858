use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Base,
    Adapter(ModelId, Vec<ModelId>, DatanetId, Balance),
    Version(ModelId, Option<DatanetId>),
    Price(ModelId, Balance),
    Deprecate(ModelId),
    HandOver(u8, u8, ModelId),
}

fn step() -> impl Strategy<Value = Step> {
    let (model, datanet, price) = (0..8u32, 0..3u32, 0..3u128);
    let parents = prop::collection::vec(model.clone(), 0..4);
    prop_oneof![
        1 => Just(Step::Base),
        8 => (0..2u32, parents, datanet.clone(), price.clone())
            .prop_map(|(b, a, d, p)| Step::Adapter(b, a, d, p)),
        4 => (model.clone(), prop::option::of(datanet)).prop_map(|(m, d)| Step::Version(m, d)),
        2 => (model.clone(), price).prop_map(|(m, p)| Step::Price(m, p)),
        1 => model.clone().prop_map(Step::Deprecate),
        1 => (1..3u8, 1..3u8, model).prop_map(|(a, b, m)| Step::HandOver(a, b, m)),
    ]
}

proptest! {
    #[test]
    fn invariants_should_hold_when_calls_come_in_any_order(steps in prop::collection::vec(step(), 1..60)) {
        run(|| {
            base();
            datanet(Licence { training_price: 20, ..Licence::OPEN });
            datanet(Licence { commercial: false, ..Licence::OPEN });
            datanet(Licence { derivatives: false, ..Licence::OPEN });
            for step in steps {
                // Many of these fail; a failure must leave nothing behind.
                let _ = match step {
                    Step::Base => send(OWNER, base_call()),
                    Step::Adapter(base, parents, datanet, price) => {
                        Adapter { parents, price, ..Adapter::of(base, datanet) }.send()
                    },
                    Step::Version(model, datanet) => {
                        let trained_on = datanet.into_iter().map(|datanet| (datanet, 1)).collect();
                        send(OWNER, Call::register_version {
                            model,
                            artefact: hash(8),
                            config: hash(9),
                            size: 1_000,
                            trained_on: TrainedOn::truncate_from(trained_on),
                            index: None,
                        })
                    },
                    Step::Price(model, price) => {
                        send(OWNER, Call::set_price { model, price_in: price, price_out: 0 })
                    },
                    Step::Deprecate(model) => deprecate(OWNER, model),
                    Step::HandOver(from, to, model) => {
                        send(from, Call::transfer_ownership { model, new_owner: account(to) })
                            .and_then(|()| send(to, Call::accept_ownership { model }))
                    },
                };
                check();
            }
        });
    }
}
