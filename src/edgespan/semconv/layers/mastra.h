// What all dialects say of a Mastra span: where its objects are, who the session and the user are, what
// never leaves.
#pragma once

#include "edgespan/semconv/layer.h"

namespace edgespan::table {

inline constexpr Rule kMastra[] = {
    {S, kEnter, kKeyAttributes, kAny, A},
    {S, kEnter, kKeyMetadata, kAny, M},
    {S, kEnter, kKeyErrorInfo, kAny, E},
    {S, kJson, kKeyTags, kAny, S, "mastra.tags"},
    {A, kEnter, kKeyUsage, kCallEmbed, U},
    {U, kEnter, kKeyInputDetails, kAny, I},
    {U, kEnter, kKeyOutputDetails, kAny, O},
    {A, kEnter, kKeyParameters, kCall, P},
    {A, kEnter, kKeyParameters, kNotCall, Q},
    // Headers may hold credentials, an abort signal is a live object: on no span.
    {P, kDrop, kKeyHeaders, kAny},
    {P, kDrop, kKeyAbortSignal, kAny},
    {Q, kDrop, kKeyHeaders, kAny},
    {Q, kDrop, kKeyAbortSignal, kAny},

    // Mastra copies the root's metadata to every span of the run: so all say whose they are.
    Extra({M, kAs, kKeySessionId, kAny, Session}),
    Extra({M, kAs, kKeyThreadId, kAny, Session, {}, kKeyMetadata, kKeySessionId}),
    Extra({A,
           kAs,
           kKeyConversationId,
           kAgent,
           Session,
           {},
           kKeyMetadata,
           kKeySessionId,
           kKeyThreadId}),
    Extra({M, kAs, kKeyUserId, kAny, User}),
    Extra({M, kAs, kKeyResourceId, kAny, User, {}, kKeyMetadata, kKeyUserId}),
    {Session, kValue, kKeyNone, kAny, S, "session.id"},
    {User, kValue, kKeyNone, kAny, S, "user.id"},

    // Errors; the exception event carries the stack.
    {E, kValue, kKeyId, kAny, S, "error.type"},
    {E, kValue, kKeyName, kAny, S, "error.type", kKeyErrorInfo, kKeyId},
    {E, kDrop, kKeyStack, kAny},
};

}  // namespace edgespan::table
