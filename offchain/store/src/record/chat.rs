//! Conversations.

use codec::Encode;

/// Who speaks. Only these: a role of one's own could be made to look like a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub enum Role {
    /// Who sets the terms of the conversation.
    System,
    /// The same, as newer formats call it.
    Developer,
    /// Who asks.
    User,
    /// Who answers: what a model is trained to be.
    Assistant,
    /// What a tool answered to a call.
    Tool,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::System, Self::Developer, Self::User, Self::Assistant, Self::Tool];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One turn.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// Which of those who have this role, or which tool.
    pub name: Option<String>,
    /// What is said: empty only beside calls, or where a tool answered nothing.
    pub content: String,
    /// Calls of tools, of the assistant alone.
    pub calls: Vec<Call>,
    /// Which call a tool answers.
    pub answers: Option<String>,
    /// Whether the assistant is to learn this turn. True for everybody else.
    pub learned: bool,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
pub struct Call {
    /// What the tool's answer refers to.
    pub id: Option<String>,
    /// The function.
    pub name: String,
    /// Its arguments: an object of JSON without blanks, or whatever else was written.
    pub arguments: String,
}

impl Message {
    /// A turn that says this and nothing else.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            name: None,
            content: content.into(),
            calls: Vec::new(),
            answers: None,
            learned: true,
        }
    }

    /// Whether the assistant says it.
    pub fn is_said(&self) -> bool {
        self.role == Role::Assistant
    }

    /// Whether it is an answer to learn.
    pub fn is_target(&self) -> bool {
        self.is_said() && self.learned
    }
}
