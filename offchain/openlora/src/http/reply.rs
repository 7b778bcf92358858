//! Answers in OpenAI's format, with their receipts.

use axum::{
    response::{IntoResponse, Response},
    Json,
};
use openledger_chain::{types::Model, AccountId};
use openledger_lm::Stop;
use openledger_primitives::ModelId;
use serde_json::{json, Value};

use super::request::Form;
use crate::gateway::Answered;

/// An answer.
pub fn answer(form: Form, answered: &Answered) -> Response {
    let receipt = &answered.signed.receipt;
    let id = receipt.id();
    let finish_reason = finish_reason(answered);
    let (kind, prefix, choice) = match form {
        Form::Completion => (
            "text_completion",
            "cmpl",
            json!({"index": 0, "text": answered.text, "logprobs": null, "finish_reason": finish_reason}),
        ),
        Form::Chat => {
            let message = json!({"role": "assistant", "content": answered.text, "refusal": null});
            (
                "chat.completion",
                "chatcmpl",
                json!({"index": 0, "message": message, "logprobs": null, "finish_reason": finish_reason}),
            )
        }
    };
    let body = json!({
        "id": format!("{prefix}-{}", hex::encode(&id.0[..12])),
        "object": kind,
        "created": receipt.issued_at / 1_000,
        "model": format!("openledger/{}", answered.model),
        "choices": [choice],
        "usage": {
            "prompt_tokens": receipt.tokens_in,
            "completion_tokens": receipt.tokens_out,
            "total_tokens": u64::from(receipt.tokens_in) + u64::from(receipt.tokens_out),
        },
        "openledger": {
            "receipt_id": id,
            "receipt": receipt,
            "signature": answered.signed.signature,
        },
    });
    Json(body).into_response()
}

fn finish_reason(answered: &Answered) -> &'static str {
    match answered.stop {
        Stop::EndOfText => "stop",
        Stop::Length => "length",
    }
}

/// An answer that was given before, by its receipt.
pub fn given(answered: &Answered) -> Value {
    json!({
        "receipt_id": answered.signed.receipt.id(),
        "receipt": answered.signed.receipt,
        "signature": answered.signed.signature,
        "text": answered.text,
        "finish_reason": finish_reason(answered),
    })
}

/// A model, as the list has it.
pub fn model(id: ModelId, model: &Model, operator: &AccountId) -> Value {
    json!({
        "id": format!("openledger/{id}"),
        "object": "model",
        "created": 0,
        "owned_by": model.owner,
        "openledger": {
            "model": id,
            "version": model.latest,
            "name": String::from_utf8_lossy(&model.name),
            "price_in": model.price_in.to_string(),
            "price_out": model.price_out.to_string(),
            "operator": operator,
        },
    })
}

#[cfg(test)]
mod tests {
    use openledger_primitives::{
        receipt::{Receipt, SignedReceipt},
        signature::Signature,
        H256,
    };

    use super::*;

    async fn body(form: Form, answered: &Answered) -> Value {
        let body = answer(form, answered).into_body();
        let body = axum::body::to_bytes(body, 10_000).await.unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    #[tokio::test]
    async fn an_answer_should_be_in_the_format_of_openai_with_its_receipt() {
        let receipt = Receipt {
            genesis: H256::zero(),
            model: 2,
            version: 1,
            operator: H256::zero(),
            payer: H256::zero(),
            channel: 7,
            cumulative: 1_200,
            request: H256::zero(),
            response: H256::zero(),
            tokens_in: 3,
            tokens_out: 4,
            fee: 200,
            issued_at: 1_700_000_000_123,
        };
        let signed = SignedReceipt { receipt, signature: Signature::Sr25519([1; 64]) };
        let answered = Answered { model: 2, text: " yes".into(), stop: Stop::Length, signed };
        let found = body(Form::Completion, &answered).await;
        assert_eq!(
            (&found["object"], &found["model"]),
            (&"text_completion".into(), &"openledger/2".into())
        );
        assert_eq!(found["created"], 1_700_000_000);
        assert_eq!(
            found["choices"],
            json!([{"text": " yes", "index": 0, "logprobs": null, "finish_reason": "length"}])
        );
        assert_eq!(
            found["usage"],
            json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7})
        );
        let paid = &found["openledger"];
        let signed: SignedReceipt = serde_json::from_value(
            json!({"receipt": paid["receipt"], "signature": paid["signature"]}),
        )
        .unwrap();
        assert_eq!(signed, answered.signed);
        assert_eq!(paid["receipt_id"], json!(answered.signed.receipt.id()));

        let stopped = Answered { stop: Stop::EndOfText, ..answered };
        let found = body(Form::Chat, &stopped).await;
        assert_eq!(found["object"], "chat.completion");
        let [choice] = &found["choices"].as_array().unwrap()[..] else { panic!("one choice") };
        assert_eq!(
            choice["message"],
            json!({"role": "assistant", "content": " yes", "refusal": null})
        );
        assert_eq!(choice["finish_reason"], "stop");
    }
}
