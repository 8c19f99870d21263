// The dialects that the package has beside the core's own, by name: flags, layers and, for the TypeScript
// that is generated of them, a line of documentation. Native tools and tests hand them to the core as the
// host does, as text.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "edgespan/semconv/layer.h"
#include "edgespan/semconv/layers/langfuse.h"
#include "edgespan/semconv/layers/native.h"
#include "edgespan/semconv/layers/openinference.h"
#include "edgespan/semconv/layers/overlays.h"

namespace edgespan::tools {

struct NamedDialect {
  std::string name;
  std::string text;  // what the core is given (semconv/layer.h)
  std::string what;  // of what it makes of a span, for its documentation
};

inline std::string DialectOf(uint32_t flags, std::initializer_list<std::string_view> layers) {
  std::string text{kDialectMark, static_cast<char>(kFirstNumber + flags)};
  for (const std::string_view layer : layers) {
    if (text.size() > 2) text += static_cast<char>(kFirstNumber + kNextLayer);
    text += layer;
  }
  return text;
}

inline const std::vector<NamedDialect>& Dialects() {
  static constexpr auto kOpenInference = Pack<table::kOpenInference>();
  static constexpr auto kLangfuse = Pack<table::kLangfuse>();
  static constexpr auto kLemma = Pack<table::kLemma>();
  static constexpr auto kLangSmith = Pack<table::kLangSmith>();
  static constexpr auto kBraintrust = Pack<table::kBraintrust>();
  static constexpr auto kLaminar = Pack<table::kLaminar>();
  static constexpr auto kPostHog = Pack<table::kPostHog>();
  static constexpr auto kDatadog = Pack<table::kDatadog>();
  static constexpr auto kDash0 = Pack<table::kDash0>();
  static constexpr auto kTraceloop = Pack<table::kTraceloop>();
  static constexpr auto kSentry = Pack<table::kSentry>();
  static constexpr auto kMlflow = Pack<table::kMlflow>();
  static constexpr auto kAgnost = Pack<table::kAgnost>();
  static constexpr auto kNative = Pack<table::kNative>();
  // Those detach whose receivers never see a parent that went elsewhere, and show or keep only what has
  // a root.
  static const std::vector<NamedDialect> dialects = {
      {"openinference", DialectOf(kDetaches, {kOpenInference.view()}),
       "OpenInference, as Phoenix and Arize AX read it"},
      {"langfuse", DialectOf(kDetaches | kUponGenAi, {kLangfuse.view()}),
       "Langfuse: observation types, usage in buckets, trace metadata"},
      {"lemma", DialectOf(kDetaches | kUponGenAi, {kOpenInference.view(), kLemma.view()}),
       "Lemma: the last question and the answer on the root"},
      {"langsmith", DialectOf(kDetaches | kUponGenAi, {kLangSmith.view()}),
       "LangSmith: run types, metadata, usage"},
      {"braintrust", DialectOf(kDetaches | kUponGenAi, {kBraintrust.view()}),
       "Braintrust: input, output, metrics and metadata under its own names"},
      {"laminar", DialectOf(kDetaches | kUponGenAi, {kLaminar.view()}),
       "Laminar: span types, association properties, cost"},
      {"posthog", DialectOf(kDetaches | kUponGenAi, {kPostHog.view()}),
       "PostHog: state, session, person and cost"},
      {"datadog", DialectOf(kUponGenAi, {kDatadog.view()}),
       "Datadog LLM Observability: metadata as one value"},
      {"dash0", DialectOf(kUponGenAi, {kDash0.view()}),
       "Dash0: metadata as one value, and of model calls no details, so that messages have room"},
      {"traceloop", DialectOf(kDetaches | kUponGenAi, {kTraceloop.view()}),
       "Traceloop and other readers of OpenLLMetry"},
      {"sentry", DialectOf(kStringsOnly | kUponGenAi, {kSentry.view()}),
       "Sentry: lists as text, the sums of a run on its root"},
      {"mlflow", DialectOf(kDetaches | kUponGenAi, {kMlflow.view()}),
       "MLflow: inputs and outputs of every span"},
      {"agnost", DialectOf(kDetaches | kUponGenAi, {kAgnost.view()}),
       "Agnost: session and user, inputs and outputs of every span"},
      {"native", DialectOf(kDetaches | kVerbatim, {kNative.view()}),
       "Mastra's own members as JSON text, for destinations with a format of their own"},
  };
  return dialects;
}

// What the core is given for a dialect; a name that none has stays as it is: "genai", or an unknown one.
inline std::string DialectText(const std::string& name) {
  for (const NamedDialect& dialect : Dialects()) {
    if (dialect.name == name) return dialect.text;
  }
  return name;
}

}  // namespace edgespan::tools
