// Questions about the run's tree around a generation: what Mastra records of one answer of a model
// (model_generation), with a step (model_step) for each turn, the model call itself (model_inference)
// and the tools it asked for (in between or beside).
//
// An older Mastra, and agent SDKs that Mastra wraps, have no model_inference: the generation stands for
// the call. Pure functions over the tree and its records.
#pragma once

#include "edgespan/model/record.h"
#include "edgespan/model/span_tree.h"

namespace edgespan {

// The spans below a generation, in order of start, parents first: the one after `node`, or the first of
// all for the generation itself; nullptr at the end. What is below another generation is that one's.
const TreeNode* NextBelow(const PageArena& arena, const TreeNode& generation, const TreeNode* node);

// The generation that a model call belongs to: its parent, or its step's parent; or nullptr.
const TreeNode* GenerationOf(const PageArena& arena, const TreeNode& call);
// The record of the generation whose last call this is; nullptr for others, and where there is none.
const SpanRecord* GenerationEndedBy(const PageArena& arena, const TreeNode& call);

// Whether there is a model_inference below a generation.
bool HasInference(const PageArena& arena, const TreeNode& generation);
// Whether a span stands for a model call: a model_inference, or a generation that has none. `strays`:
// there are model_inference spans of which nobody knows whose they are, so no generation does.
bool IsModelCall(const PageArena& arena, const TreeNode& node, bool strays);

// Whether a span is its run's root: the trace's, or, where OpenTelemetry's spans are around the run (a
// request, a handler), the one that has none but these above it.
bool IsRunsRoot(const PageArena& arena, const SpanRecord& span);

bool IsStepOrGeneration(const TreeNode& node);
// Whether a span stands directly below a step or a generation, as calls and their tools do.
bool IsNear(const PageArena& arena, const TreeNode& node);

}  // namespace edgespan
