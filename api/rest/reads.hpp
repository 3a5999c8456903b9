// Everything an Observer does, over the transport that can only read.

#pragma once

#include "api/rest/transport.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trueup {

// `transport` outlives it.
class Reads {
public:
    explicit Reads(ReadTransport& transport) : transport_(transport) {}

    Task<Result<WalkReport>> list(const Kind& kind, Scope scope, PageSink sink, CallContext context);
    Task<Result<std::optional<Observed>>>
    read(const Kind& kind, Scope scope, std::string uid, CallContext context);
    Task<Result<std::vector<Observed>>>
    look_up(const Kind& kind, Scope scope, std::vector<std::string> key, CallContext context);
    Task<Result<std::map<std::string, std::string>>> bootstrap(CallContext context);

    // What the templates of a kind's calls may name.
    Task<Result<Parameters>> parameters(Scope scope, std::string uid, CallContext context);

private:
    // How a walk is narrowed.
    struct Narrowing {
        Narrowing() = default;
        std::vector<QueryParameter> query;
        std::optional<Value> body;
    };

    Task<Result<WalkReport>>
    walk(const Kind& kind, Scope scope, Narrowing narrowing, PageSink sink, CallContext context);
    Task<Result<std::vector<Observed>>> matches(const Kind& kind,
                                                Scope scope,
                                                Narrowing narrowing,
                                                std::vector<std::string> key,
                                                CallContext context,
                                                WalkReport& report);
    Task<Result<std::vector<Observed>>> stable_matches(const Kind& kind,
                                                       Scope scope,
                                                       std::vector<std::string> key,
                                                       CallContext context);
    Task<Result<std::vector<Observed>>>
    complete(const Kind& kind, Scope scope, std::vector<Observed> found, CallContext context);
    Task<Result<std::optional<Observed>>>
    read_from_list(const Kind& kind, Scope scope, std::string uid, CallContext context);
    Task<Result<void>>
    read_more(const Kind& kind, Scope scope, Parameters parameters, Value& item, CallContext context);
    Task<Result<void>> read_each(const Kind& kind, const ExtraRead& more, Scope scope,
                                 Parameters parameters, Value& item, CallContext context);

    ReadTransport& transport_;
    std::optional<std::map<std::string, std::string>> bootstrap_;
};

} // namespace trueup
