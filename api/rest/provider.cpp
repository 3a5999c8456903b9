#include "api/rest/provider.hpp"

#include "api/rest/reads.hpp"
#include "api/rest/rest.hpp"

namespace trueup {

namespace {

// Planning's client: its transport cannot send anything but reads.
class RestObserver final : public Observer {
public:
    RestObserver(const Catalogue& catalogue,
                 HttpClient& http,
                 Clock& clock,
                 Random& random,
                 EventSink& events,
                 RestOptions options)
        : transport_(catalogue, http, clock, random, events, std::move(options)),
          read_transport_(transport_), reads_(read_transport_)
    {
    }

    Task<Result<WalkReport>>
    list(const Kind& kind, Scope scope, PageSink sink, CallContext context) override
    {
        return reads_.list(kind, std::move(scope), std::move(sink), std::move(context));
    }
    Task<Result<std::optional<Observed>>>
    read(const Kind& kind, Scope scope, std::string uid, CallContext context) override
    {
        return reads_.read(kind, std::move(scope), std::move(uid), std::move(context));
    }
    Task<Result<std::vector<Observed>>>
    look_up(const Kind& kind, Scope scope, std::vector<std::string> key, CallContext context) override
    {
        return reads_.look_up(kind, std::move(scope), std::move(key), std::move(context));
    }
    Task<Result<std::map<std::string, std::string>>> bootstrap(CallContext context) override
    {
        return reads_.bootstrap(std::move(context));
    }
    std::size_t requests_sent() const override { return read_transport_.requests_sent(); }

private:
    Transport transport_;
    ReadTransport read_transport_;
    Reads reads_;
};

class RestProvider final : public Provider {
public:
    RestProvider(const Catalogue& catalogue,
                 HttpClient& http,
                 Clock& clock,
                 Random& random,
                 EventSink& events,
                 RestOptions options)
        : transport_(catalogue, http, clock, random, events, std::move(options)),
          read_transport_(transport_), reads_(read_transport_)
    {
    }

    Task<Result<WalkReport>>
    list(const Kind& kind, Scope scope, PageSink sink, CallContext context) override
    {
        return reads_.list(kind, std::move(scope), std::move(sink), std::move(context));
    }
    Task<Result<std::optional<Observed>>>
    read(const Kind& kind, Scope scope, std::string uid, CallContext context) override
    {
        return reads_.read(kind, std::move(scope), std::move(uid), std::move(context));
    }
    Task<Result<std::vector<Observed>>>
    look_up(const Kind& kind, Scope scope, std::vector<std::string> key, CallContext context) override
    {
        return reads_.look_up(kind, std::move(scope), std::move(key), std::move(context));
    }
    Task<Result<std::map<std::string, std::string>>> bootstrap(CallContext context) override
    {
        return reads_.bootstrap(std::move(context));
    }
    std::size_t requests_sent() const override { return read_transport_.requests_sent(); }

    Task<Result<Written>> write(const Kind& kind, WriteCall call, CallContext context) override
    {
        auto answer = co_await send(kind, std::move(call), std::move(context));
        if (!answer)
            co_return answer.error();
        Written written;
        written.status = answer->status;
        written.audit_uid = answer->audit_uid;
        co_return written;
    }

    Task<Result<Created>> create(const Kind& kind, WriteCall call, CallContext context) override
    {
        const std::string chosen = call.uid;
        auto answer = co_await send(kind, std::move(call), std::move(context));
        if (!answer)
            co_return answer.error();
        Created created;
        created.status = answer->status;
        created.audit_uid = answer->audit_uid;
        if (kind.create->client_uid)
            created.uid = chosen;
        else if (const Value* uid = find(answer->body, kind.create->uid))
            created.uid = uid->string_or_empty();
        co_return created;
    }

private:
    Task<Result<Answer>> send(const Kind& kind, WriteCall write, CallContext context)
    {
        auto known = co_await reads_.parameters(write.scope, write.uid, context);
        if (!known)
            co_return known.error();
        Call call;
        call.operation = write.operation;
        call.kind = kind.name;
        call.scope_header = kind.scope_header;
        call.scope = write.scope;
        call.parameters = std::move(*known);
        call.context = std::move(context);
        if (write.has_body)
            call.body = std::move(write.body);
        auto answer = co_await transport_.send(std::move(call));
        co_return answer;
    }

    Transport transport_;
    ReadTransport read_transport_;
    Reads reads_;
};

} // namespace

std::unique_ptr<Provider> make_rest_provider(const Catalogue& catalogue,
                                             HttpClient& http,
                                             Clock& clock,
                                             Random& random,
                                             EventSink& events,
                                             RestOptions options)
{
    return std::make_unique<RestProvider>(
        catalogue, http, clock, random, events, std::move(options));
}

std::unique_ptr<Observer> make_rest_observer(const Catalogue& catalogue,
                                             HttpClient& http,
                                             Clock& clock,
                                             Random& random,
                                             EventSink& events,
                                             RestOptions options)
{
    return std::make_unique<RestObserver>(
        catalogue, http, clock, random, events, std::move(options));
}

} // namespace trueup
