// Where things are in the shapes that messages have: Mastra's (1 and 2) and the AI SDK's (4 and 5).
//
// Pure functions over a record's nodes; nullptr is a node that is not there, in and out.
#pragma once

#include "edgespan/model/record.h"

namespace edgespan {

// One call wherever it is asked; here, so that analysis knows what a yes rules out.
[[gnu::noinline]] inline bool Is(tape::Op op, const Node* node) {
  return node != nullptr && node->Kind() == op;
}
inline bool IsList(const Node* node) { return Is(tape::Op::kArray, node); }
inline bool IsText(const Node* node) { return Is(tape::Op::kString, node); }

// The member `key` of an object, or else its member `other`.
const Node* FirstOf(const Node* object, uint16_t key, uint16_t other);

// What a run was given: messages, or one.
const Node* Given(const Node* input);

// What a message says: a text, a list of parts or anything.
const Node* ContentOf(const Node* message);

// Whether more than one of a list's parts is content, rather than a call or a result.
bool HasMany(const Node* parts);

// What is in the AI SDK's wrapping of what a model is told: {type: 'json' | 'text' | ..., value}.
const Node* Unwrapped(const Node* output);

// What the user said last in an input, and what a model or agent said: the text, or all of it where
// there is none.
const Node* QuestionIn(const PageArena& arena, const Node* input);
const Node* AnswerIn(const Node* output);

// Whether the member `key` of an input or output is none of those that its messages are made of.
bool IsBesideMessages(const Node* value, uint16_t key);

}  // namespace edgespan
