// Updates as tests ask for them: from what a read answered to what is declared.

#pragma once

#include "api/rest/codec.hpp"
#include "tests/unit/api/rest/sample_kinds.hpp"

#include <string>
#include <vector>

namespace trueup::samples {

using Changed = std::vector<std::string>;

inline Value secret(const std::string& plain)
{
    return Value(Secret(plain, "h-" + plain, "test"));
}

// What a read of an object answers.
inline Observed observed(const Kind& kind, const std::string& answer, const Scope& scope = {})
{
    auto object = decode(kind, scope, from_json(answer));
    REQUIRE_MESSAGE(object, object.error().text());
    object->raw = from_json(answer);
    return *object;
}

inline std::vector<WriteCall>
updated(const Kind& kind, const std::string& answer, const Value& desired, const Changed& changed)
{
    auto calls = encode_update(kind, {}, observed(kind, answer), desired, changed, mark());
    REQUIRE_MESSAGE(calls, calls.error().text());
    return *calls;
}

// The one call that an update makes.
inline WriteCall only(const Kind& kind,
                      const std::string& answer,
                      const std::string& desired,
                      const Changed& changed)
{
    auto calls = updated(kind, answer, from_json(desired), changed);
    REQUIRE(calls.size() == 1);
    return calls.front();
}

} // namespace trueup::samples
