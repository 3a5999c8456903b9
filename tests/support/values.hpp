// Values for tests, written as YAML, with the few sorts that YAML cannot say.

#pragma once

#include "state/model/json.hpp"
#include "state/model/path.hpp"
#include "state/model/yaml.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

namespace trueup::test {

// The one document of `text`, with the place of each value.
inline Value tree(std::string_view text)
{
    Diagnostics diagnostics;
    std::vector<Value> documents = yaml::parse(text, "test.yaml", diagnostics);
    REQUIRE_MESSAGE(!diagnostics.has_errors(), std::string(text));
    REQUIRE(documents.size() == 1);
    return std::move(documents.front());
}

inline const SecretHasher& test_hasher()
{
    static const SecretHasher hasher("a key of thirty-two bytes, always");
    return hasher;
}

inline Value secret(std::string text, std::string source = "file:/run/secret")
{
    return test_hasher().make(std::move(text), std::move(source));
}

// What a state remembers of a secret.
inline Value remembered_secret(const std::string& text)
{
    return Secret::remembered(test_hasher().hash(text));
}

// A secret of which even the hash is gone.
inline Value forgotten_secret()
{
    return Secret::remembered("");
}

inline Value reference(std::string target, std::string field = {})
{
    Unknown unknown;
    unknown.target = std::move(target);
    unknown.field = std::move(field);
    return unknown;
}

inline Value look_up(std::string kind, Map criteria)
{
    Unknown unknown;
    Lookup lookup;
    lookup.kind = std::move(kind);
    lookup.criteria = std::move(criteria);
    unknown.lookup = std::make_shared<const Lookup>(std::move(lookup));
    return unknown;
}

// `value` with `inner` put at the path `at`.
inline Value with(Value value, std::string_view at, Value inner)
{
    put(value, *Path::parse(at), std::move(inner));
    return value;
}

} // namespace trueup::test
