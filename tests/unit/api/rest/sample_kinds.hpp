// Kinds made by hand for the tests of this room, and a world in which they are used.

#pragma once

#include "api/rest/rest.hpp"
#include "state/model/json.hpp"
#include "tests/support/fake_http.hpp"
#include "tests/support/manual_clock.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <initializer_list>
#include <stdexcept>
#include <string>

namespace trueup::samples {

// Calls point into their kind: this one lives as long as the program.
inline const Kind& kept(Kind kind)
{
    static std::deque<Kind> kinds;
    kinds.push_back(std::move(kind));
    return kinds.back();
}

inline Path path(const char* text)
{
    return *Path::parse(text);
}

inline Value from_json(const std::string& text)
{
    auto value = json::parse(text);
    if (!value)
        throw std::logic_error("bad JSON in a test: " + text);
    return *value;
}

// What a request body looks like on the wire.
inline std::string text_of(const Value& value)
{
    return json::write(value, json::Secrets::reveal);
}

inline Field field(std::string name, FieldType type)
{
    Field made;
    made.name = std::move(name);
    made.type = type;
    return made;
}

inline Field text(std::string name)
{
    return field(std::move(name), FieldType::string);
}

inline Field object(std::string name, std::vector<Field> fields)
{
    Field made = field(std::move(name), FieldType::object);
    made.fields = std::move(fields);
    return made;
}

inline Field text_map(std::string name)
{
    Field made = field(std::move(name), FieldType::map);
    made.element.push_back(text(""));
    made.partial = true;
    return made;
}

inline Field list_of(std::string name, Field element, ListOrder order, std::string key = {})
{
    Field made = field(std::move(name), FieldType::list);
    element.name.clear();
    made.element.push_back(std::move(element));
    made.order = order;
    made.element_key = std::move(key);
    return made;
}

inline Field server_set(Field made)
{
    made.server_set = true;
    return made;
}

inline Field sensitive(Field made)
{
    made.sensitive = true;
    return made;
}

inline Field reads_from(Field made, std::initializer_list<const char*> paths)
{
    for (const char* each : paths)
        made.read_from.push_back(path(each));
    return made;
}

inline Field metadata()
{
    return object(
        "metadata",
        {text("name"), text_map("labels"), text_map("annotations"), server_set(text("uid"))});
}

inline Operation
operation(std::string name, OperationClass operation_class, std::string method, std::string at)
{
    Operation made;
    made.name = std::move(name);
    made.operation_class = operation_class;
    made.method = std::move(method);
    made.path = std::move(at);
    return made;
}

inline Paging by_token()
{
    Paging paging;
    paging.style = PageStyle::token;
    paging.token = path("listmeta.continue");
    paging.token_parameter = "continue";
    paging.size_parameter = "limit";
    paging.count = path("listmeta.count");
    return paging;
}

inline ListCall list_at(std::string at)
{
    ListCall list;
    list.call = operation("list", OperationClass::read, "GET", std::move(at));
    list.items = path("items");
    list.uid = path("metadata.uid");
    list.paging = by_token();
    return list;
}

inline Facet facet(std::string name, std::vector<Path> fields, std::string method, std::string at)
{
    Facet made;
    made.call =
        operation("facet " + name, OperationClass::idempotent, std::move(method), std::move(at));
    made.name = std::move(name);
    made.fields = std::move(fields);
    return made;
}

// A kind with every usual call below `at`, and the given members of spec.
inline Kind plain_kind(std::string name, const std::string& at, std::vector<Field> spec)
{
    Kind kind;
    kind.name = std::move(name);
    kind.scope = ScopeRule::any;
    kind.schema = object("", {metadata(), object("spec", std::move(spec))});
    kind.key = {path("metadata.name")};
    kind.list = list_at(at);
    kind.read.call = operation("read", OperationClass::read, "GET", at + "/{uid}");
    CreateCall create;
    create.call = operation("create", OperationClass::create, "POST", at);
    create.uid = path("uid");
    kind.create = std::move(create);
    kind.facets.push_back(facet("whole", {path("metadata"), path("spec")}, "PUT", at + "/{uid}"));
    kind.remove = operation("delete", OperationClass::idempotent, "DELETE", at + "/{uid}");
    kind.mark = MarkPlace{path("metadata.annotations"), "trueup.io/owner", "trueup.io/address"};
    kind.server_set = {path("metadata.uid"), path("status")};
    kind.absent.codes = {"ResourceNotFound"};
    return kind;
}

// /v1/roles: a name, labels, and a list of permissions.
inline Kind role()
{
    return plain_kind("Role",
                      "/v1/roles",
                      {list_of("permissions", text(""), ListOrder::unordered),
                       field("level", FieldType::integer)});
}

inline ApiRules api_rules()
{
    ApiRules api;
    api.key_header = "ApiKey";
    api.scope_header = "ProjectUid";
    api.audit_header = "AuditUid";
    api.error_code = path("code");
    api.error_message = path("message");
    api.error_ref = path("ref");
    LoginRules login;
    login.call = operation("login", OperationClass::login, "POST", "/v1/auth/authenticate");
    login.call.body =
        from_json(R"({"emailId": "{email}", "org": "{org}", "password": "{password}"})");
    login.token = path("Authorization");
    login.header = "Authorization";
    login.refresh = operation("refresh", OperationClass::login, "GET", "/v1/auth/refresh/{token}");
    api.login = std::move(login);
    Bootstrap tenant;
    tenant.name = "tenantUid";
    tenant.call = operation("bootstrap", OperationClass::read, "GET", "/v1/users/info");
    tenant.field = path("tenantUid");
    api.bootstrap.push_back(std::move(tenant));
    api.tenant_parameter = "tenantUid";
    return api;
}

inline Catalogue catalogue_of(std::vector<Kind> kinds)
{
    Catalogue catalogue;
    catalogue.api = api_rules();
    catalogue.kinds = std::move(kinds);
    return catalogue;
}

inline Mark mark()
{
    return Mark("owner-1", "0123456789abcdef0123456789abcdef");
}

inline Credentials api_key(const std::string& key = "key-1")
{
    Credentials credentials;
    credentials.api_key = Secret(key, "", "test");
    return credentials;
}

inline Credentials login(const std::string& password = "pass-1")
{
    Credentials credentials;
    credentials.login = Login("a@example.com", "acme", Secret(password, "", "test"));
    return credentials;
}

// A provider over a fake API, in virtual time.
struct World {
    explicit World(Catalogue all, FakeHttp::Handler handler, RestOptions rest = unlimited())
        : catalogue(std::move(all)),
          clock(context),
          http(clock, std::move(handler)),
          random(make_seeded_random(7)),
          provider(make_rest_provider(catalogue, http, clock, *random, events, std::move(rest)))
    {
    }

    static RestOptions unlimited()
    {
        RestOptions options;
        options.credentials = api_key();
        options.rate = 0;
        return options;
    }

    const Kind& kind(const std::string& name) const { return *catalogue.find(name); }

    Result<WalkReport> list(const Kind& kind, std::vector<Observed>& found, Scope scope = {})
    {
        PageSink sink = [&](std::vector<Observed> page) -> Result<void> {
            std::ranges::move(page, std::back_inserter(found));
            return {};
        };
        return clock.run(provider->list(kind, std::move(scope), sink, CallContext(kind.name)));
    }
    Result<std::optional<Observed>> read(const Kind& kind, std::string uid, Scope scope = {})
    {
        return clock.run(
            provider->read(kind, std::move(scope), std::move(uid), CallContext("Kind/tenant/x")));
    }
    Result<std::vector<Observed>> look_up(const Kind& kind, std::string name, Scope scope = {})
    {
        return clock.run(provider->look_up(
            kind, std::move(scope), {std::move(name)}, CallContext("Kind/tenant/x")));
    }

    boost::asio::io_context context;
    Catalogue catalogue;
    ManualClock clock;
    FakeHttp http;
    EventList events;
    std::unique_ptr<Random> random;
    std::unique_ptr<Provider> provider;
};

} // namespace trueup::samples
