#include "api/kinds/api_reader.hpp"

#include <algorithm>
#include <set>

namespace trueup::kinds {

namespace {

Operation single_call(const Entry& at,
                      const CallRules& rules,
                      std::vector<NotedCall>& noted,
                      Diagnostics& diagnostics)
{
    Section section(at, diagnostics, {}, "call");
    Operation operation = read_call(section, rules, "api " + rules.name, noted, diagnostics);
    section.finish();
    return operation;
}

LoginRules read_login(const Entry& at, std::vector<NotedCall>& noted, Diagnostics& diagnostics)
{
    Section section(at, diagnostics);
    LoginRules login;
    CallRules rules("login", OperationClass::login);
    rules.parameters = {"email", "org", "password"};
    login.call = read_call(section, rules, "api login", noted, diagnostics);
    if (const Entry refresh = section.get("refresh")) {
        CallRules refresh_rules("refresh", OperationClass::login);
        refresh_rules.parameters = {"token"};
        login.refresh = single_call(refresh, refresh_rules, noted, diagnostics);
    }
    section.need("token");
    login.token = section.path("token");
    section.need("header");
    login.header = section.text("header");
    login.lifetime = section.duration("lifetime", login.lifetime);
    section.finish();
    return login;
}

void read_rates(const Entry& at, ApiRules& api, Diagnostics& diagnostics)
{
    Section section(at, diagnostics);
    api.default_rate = section.rate("perSecond", api.default_rate);
    api.default_burst = section.rate("burst", api.default_burst);
    const Entry prefixes = section.get("prefixes");
    section.finish();
    if (!prefixes)
        return;
    const Map* map = prefixes.value->if_map();
    if (map == nullptr) {
        complain(diagnostics, prefixes, "expected a map of path prefixes");
        return;
    }
    for (const auto& [prefix, value] : *map) {
        const Entry item = prefixes.member(prefix, value);
        RateRule rule;
        rule.prefix = prefix;
        rule.per_second = api.default_rate;
        rule.burst = api.default_burst;
        if (prefix.empty() || prefix.front() != '/')
            complain(diagnostics, item, "a path prefix starts with /");
        Section one(item, diagnostics);
        rule.per_second = one.rate("perSecond", rule.per_second);
        rule.burst = one.rate("burst", rule.burst);
        one.finish();
        api.rates.push_back(std::move(rule));
    }
}

void read_bootstrap(const Entry& at,
                    ApiRules& api,
                    std::vector<NotedCall>& noted,
                    Diagnostics& diagnostics)
{
    const Map* map = at.value->if_map();
    if (map == nullptr) {
        complain(diagnostics, at, "expected a map from names to calls");
        return;
    }
    static const std::set<std::string> taken{
        "uid", "scopeUid", "email", "org", "password", "token"};
    for (const auto& [name, value] : *map) {
        const Entry item = at.member(name, value);
        Section section(item, diagnostics);
        Bootstrap bootstrap;
        bootstrap.name = name;
        if (taken.contains(name))
            complain(diagnostics, item, "{" + name + "} stands for something else already");
        const CallRules rules("bootstrap " + name, OperationClass::read);
        bootstrap.call = read_call(section, rules, "api " + rules.name, noted, diagnostics);
        section.need("field");
        bootstrap.field = section.path("field");
        section.finish();
        api.bootstrap.push_back(std::move(bootstrap));
    }
}

} // namespace

ApiRules read_api(const Entry& at, std::vector<NotedCall>& noted, Diagnostics& diagnostics)
{
    Section section(at, diagnostics);
    ApiRules api;
    section.need("version");
    api.api_version = section.text("version");
    api.key_header = section.text("keyHeader");
    api.scope_header = section.text("scopeHeader");
    api.audit_header = section.text("auditHeader");
    if (const Entry login = section.get("login"))
        api.login = read_login(login, noted, diagnostics);
    if (const Entry error = section.get("error")) {
        Section paths(error, diagnostics);
        api.error_code = paths.path("code");
        api.error_message = paths.path("message");
        api.error_ref = paths.path("ref");
        paths.finish();
    }
    if (const Entry rates = section.get("rates"))
        read_rates(rates, api, diagnostics);
    if (const Entry bootstrap = section.get("bootstrap"))
        read_bootstrap(bootstrap, api, noted, diagnostics);
    if (const Entry tenant = section.get("tenant")) {
        api.tenant_parameter = read_text(tenant, diagnostics).value_or("");
        if (std::ranges::find(api.bootstrap, api.tenant_parameter, &Bootstrap::name) ==
            api.bootstrap.end())
            complain(
                diagnostics, tenant, "the bootstrap has no value \"" + api.tenant_parameter + "\"");
    }
    section.finish();
    return api;
}

} // namespace trueup::kinds
