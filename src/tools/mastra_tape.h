// Writes Mastra tracing events, as JSON holds them, onto a tape: natively what the shim does with
// the live objects. Only the envelope is known by name; everything else crosses as generic tokens.
//
// JSON has no dates, so the fields that are Date objects on a live span are restored by name.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "edgespan/model/schema.h"
#include "edgespan/model/tape.h"
#include "tools/tape_writer.h"

namespace edgespan::tools {

using Json = nlohmann::ordered_json;

// Milliseconds since the Unix epoch of Date.prototype.toISOString()'s form; NaN for other text (as
// an invalid Date has).
inline double ParseIsoDate(const std::string& text) {
  int year, month, day, hour, minute, second, ms;
  int end = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%d.%dZ%n", &year, &month, &day, &hour, &minute,
                  &second, &ms, &end) != 7 ||
      static_cast<size_t>(end) != text.size()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const std::chrono::year_month_day date{std::chrono::year(year) / month / day};
  if (!date.ok()) return std::numeric_limits<double>::quiet_NaN();
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return (((static_cast<double>(days) * 24 + hour) * 60 + minute) * 60 + second) * 1000 + ms;
}

// One value; `key` as TapeWriter takes it. Numbers are JavaScript's: all doubles.
inline void WriteJson(TapeWriter* tape, uint32_t key, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      tape->Object(key);
      for (const auto& [name, member] : value.items()) {
        const uint32_t id = tape->Key(name);
        WriteJson(tape, id, member);
      }
      tape->End();
      break;
    case Json::value_t::array:
      tape->Array(key);
      for (const auto& element : value) WriteJson(tape, 0, element);
      tape->End();
      break;
    case Json::value_t::string:
      tape->String(key, value.get_ref<const std::string&>());
      break;
    case Json::value_t::boolean:
      tape->Bool(key, value.get<bool>());
      break;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float:
      tape->Number(key, value.get<double>());
      break;
    case Json::value_t::null:
    case Json::value_t::binary:     // never in a parsed text
    case Json::value_t::discarded:  // neither
      tape->Null(key);
      break;
  }
}

// `attributes`, with its dates.
inline void WriteAttributes(TapeWriter* tape, const Json& attributes) {
  tape->Object(kKeyAttributes);
  for (const auto& [name, value] : attributes.items()) {
    const uint32_t id = tape->Key(name);
    const bool is_date = name == "completionStartTime" || name == "untilDate";
    const double ms = is_date && value.is_string() ? ParseIsoDate(value.get<std::string>())
                                                   : std::numeric_limits<double>::quiet_NaN();
    if (std::isnan(ms)) {
      WriteJson(tape, id, value);
    } else {
      tape->Date(id, ms, value.get<std::string>());
    }
  }
  tape->End();
}

// Writes one event's span as a start or span item behind its trace item. False when the event is
// none of a span or lacks what every span has.
inline bool WriteMastraEvent(TapeWriter* tape, const Json& event) {
  const auto text = [](const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  if (!event.is_object() || !event.contains("exportedSpan")) return false;
  const Json& span = event["exportedSpan"];
  const std::string what = text(event, "type");
  const bool starts = what == "span_started";
  const bool ends = what == "span_ended";
  if (!span.is_object() || !(starts || ends)) return false;
  const auto is_true = [&span](const char* name) {
    const auto found = span.find(name);
    return found != span.end() && found->is_boolean() && found->get<bool>();
  };

  const std::string trace_id = text(span, "traceId");
  const std::string span_id = text(span, "id");
  const std::string type = text(span, "type");
  if (trace_id.empty() || span_id.empty() || type.empty()) return false;
  const std::string parent = text(span, "parentSpanId");
  const std::string remote_parent = text(span, "externalParentSpanId");
  const std::u16string name = ToUtf16(text(span, "name"));
  const std::string end = text(span, "endTime");
  const auto milliseconds = [](const std::string& date) {
    const double ms = ParseIsoDate(date);
    return ms > 0 ? ms : 0;
  };

  TapeWriter::Envelope envelope;
  envelope.type = TapeWriter::KeyId(type, /*intern=*/true);
  if (envelope.type == 0) envelope.type = kTypeGeneric;  // no room for the name of an unknown type
  envelope.span_id = span_id;
  envelope.parent_id = parent.empty() ? remote_parent : parent;
  envelope.start_ms = milliseconds(text(span, "startTime"));
  if (is_true("isRootSpan")) envelope.flags |= tape::kIsRoot;
  if (is_true("isEvent")) envelope.flags |= tape::kIsEvent;
  if (parent.empty() && !remote_parent.empty()) envelope.flags |= tape::kRemoteParent;

  tape->Trace(trace_id);
  if (starts) {  // its place in the trace, no more
    tape->Start(envelope);
    tape->End();
    return true;
  }
  envelope.name = name;
  if (!end.empty()) {
    envelope.flags |= tape::kHasEnd;
    envelope.end_ms = milliseconds(end);
  }
  tape->Span(envelope);
  for (const auto& [field, value] : span.items()) {
    const uint32_t key = TapeWriter::KeyId(field, /*intern=*/true);
    if (key >= kKeyId && key <= kKeyIsInternal) continue;  // the envelope
    if (key == kKeyAttributes && value.is_object()) {
      WriteAttributes(tape, value);
    } else {
      WriteJson(tape, tape->Key(field), value);
    }
  }
  tape->End();
  return true;
}

}  // namespace edgespan::tools
