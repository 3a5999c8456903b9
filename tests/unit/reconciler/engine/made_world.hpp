// A world with one object that is there already, and ours.

#pragma once

#include "engine_world.hpp"

namespace trueup::test {

inline constexpr auto a = "Widget/tenant/a";

// A world in which `a` was made by us.
struct Made : EngineWorld {
    explicit Made(Body body = "spec: {size: 1}")
    {
        request.observe.refresh = Refresh::full;
        declare(a, std::move(body));
        round();
        api.forget_calls();
    }

    // Changes the object behind our back, just before `verb` is called for it the n-th time.
    void meddle(std::string verb, std::size_t nth, std::string_view at, Value value)
    {
        api.before = [this, verb = std::move(verb), nth, at = std::string(at), value](
                         const FakeProvider::Call& call) {
            if (call.verb == verb && api.count(verb) + 1 == nth)
                put(api.find_item("u1")->raw, path(at), value);
        };
    }
};

} // namespace trueup::test
