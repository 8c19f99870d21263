// Which spans may leave before their run has ended.
//
// A span is encoded once. What it says may depend on others (rules across spans): a span is settled
// when no span that starts or ends later can change it. A rule that reads other spans needs its
// question here, or what leaves early differs from what leaves at the end.
#pragma once

#include "edgespan/model/json_text.h"
#include "edgespan/model/record.h"

namespace edgespan {

// `has_inference`: the run has model_inference spans; until one is seen, a generation may be a model
// call or not.
bool IsSettled(const RecordContext& context, const SpanRecord& span, bool has_inference);

// Whether a span leaves without what its model's generation would have told: that has not ended.
bool IsPartial(const RecordContext& context, const SpanRecord& span, bool is_model_call);

}  // namespace edgespan
