// What the shipped catalogue must know about Palette: the traps that cost data or secrets when
// missed.

#include "tests/support/catalogues.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace trueup;
using trueup::test::load_sources;
using trueup::test::shipped_sources;

namespace {

const Catalogue& palette()
{
    static const Catalogue catalogue = load_sources(shipped_sources()).catalogue;
    return catalogue;
}

const Kind& kind(std::string_view name)
{
    const Kind* found = palette().find(name);
    REQUIRE_MESSAGE(found != nullptr, std::string(name));
    return *found;
}

void collect(const Field& field, const std::string& path, std::set<std::string>& sensitive)
{
    if (field.sensitive)
        sensitive.insert(path);
    for (const Field& member : field.fields)
        collect(member, path.empty() ? member.name : path + "." + member.name, sensitive);
    for (const Field& element : field.element)
        collect(element, path + "[]", sensitive);
}

std::set<std::string> sensitive_fields(std::string_view name)
{
    std::set<std::string> found;
    collect(kind(name).schema, "", found);
    return found;
}

const Field& field(std::string_view kind_name, const std::vector<std::string>& path)
{
    const Field* at = &kind(kind_name).schema;
    for (const std::string& name : path) {
        at = name == "[]" ? &at->element.front() : at->find(name);
        REQUIRE_MESSAGE(at != nullptr, name);
    }
    return *at;
}

} // namespace

TEST_SUITE("kinds: palette")
{
    TEST_CASE("the shipped catalogue loads and says nothing")
    {
        const auto loaded = load_sources(shipped_sources());

        CHECK(loaded.said() == "");
        CHECK(loaded.catalogue.names() == std::vector<std::string>{"BackupLocationS3",
                                                                   "CloudAccountAws",
                                                                   "CloudAccountAzure",
                                                                   "CloudAccountGcp",
                                                                   "ClusterProfile",
                                                                   "EdgeRegistrationToken",
                                                                   "Macros",
                                                                   "MaintenancePolicy",
                                                                   "PasswordPolicy",
                                                                   "Project",
                                                                   "RegistryHelm",
                                                                   "Role",
                                                                   "SshKey",
                                                                   "TagFilter",
                                                                   "Team",
                                                                   "User"});
        CHECK(loaded.catalogue.find("Project")->is_scope);
        CHECK(loaded.catalogue.find("Macros")->parent == "Project");
        CHECK(loaded.catalogue.find("Role")->parent == "");
    }

    TEST_CASE("the API's own rules are stated")
    {
        const ApiRules& api = palette().api;

        CHECK(api.key_header == "ApiKey");
        CHECK(api.scope_header == "ProjectUid");
        CHECK(api.audit_header == "AuditUid");
        CHECK(api.tenant_parameter == "tenantUid");
        REQUIRE(api.login);
        CHECK(api.login->lifetime == std::chrono::minutes(15));
        CHECK(api.login->refresh->operation_class == OperationClass::login);
        CHECK(api.default_rate == 10);
        CHECK(api.default_burst == 50);
        bool found = false;
        for (const RateRule& rule : api.rates)
            if (rule.prefix == "/v1/clusterprofiles") {
                found = true;
                CHECK(rule.per_second == 50);
                CHECK(rule.burst == 250);
            }
        CHECK(found);
    }

    TEST_CASE("six kinds never carry the project header")
    {
        std::set<std::string> without;
        for (const Kind& each : palette().kinds)
            if (!each.scope_header)
                without.insert(each.name);

        CHECK(
            without ==
            std::set<std::string>{
                "EdgeRegistrationToken", "Macros", "Project", "Role", "TagFilter", "Team", "User"});
    }

    TEST_CASE("lists that do not carry every field say so, and POST lists are reads")
    {
        std::set<std::string> index_only;
        std::set<std::string> posts;
        for (const Kind& each : palette().kinds) {
            if (!each.list)
                continue;
            if (each.list->index_only)
                index_only.insert(each.name);
            if (each.list->call.method == "POST")
                posts.insert(each.name);
            CHECK(each.list->call.operation_class == OperationClass::read);
        }

        CHECK(
            index_only ==
            std::set<std::string>{
                "BackupLocationS3", "ClusterProfile", "MaintenancePolicy", "Project", "TagFilter"});
        CHECK(posts == std::set<std::string>{"ClusterProfile", "MaintenancePolicy", "Project"});
    }

    TEST_CASE("every field that holds a secret is sensitive, and no other")
    {
        CHECK(sensitive_fields("CloudAccountAws") ==
              std::set<std::string>{"spec.secretKey",
                                    "spec.secretSpec.tls.key",
                                    "spec.secretToken",
                                    "spec.sts.externalId"});
        CHECK(sensitive_fields("BackupLocationS3") ==
              std::set<std::string>{"spec.config.credentials.secretKey",
                                    "spec.config.credentials.secretSpec.tls.key",
                                    "spec.config.credentials.secretToken",
                                    "spec.config.credentials.sts.externalId"});
        CHECK(sensitive_fields("CloudAccountAzure") == std::set<std::string>{"spec.clientSecret"});
        CHECK(sensitive_fields("CloudAccountGcp") == std::set<std::string>{"spec.jsonCredentials"});
        CHECK(sensitive_fields("RegistryHelm") ==
              std::set<std::string>{"spec.auth.password", "spec.auth.tls.key", "spec.auth.token"});
        CHECK(sensitive_fields("EdgeRegistrationToken") == std::set<std::string>{"spec.token"});
        CHECK(sensitive_fields("SshKey").empty());
        const Kind& profile = *palette().find("ClusterProfile");
        const Field* variables = profile.schema.find("spec")->find("variables");
        const Field& variable = variables->element.front();
        CHECK(variable.find("defaultValue")->sensitive_when == "isSensitive");
    }

    TEST_CASE("every kind with annotations keeps its mark in them, and merges them by key")
    {
        for (const Kind& each : palette().kinds) {
            CAPTURE(each.name);
            if (each.is_singleton()) {
                CHECK_FALSE(each.mark);
                continue;
            }
            REQUIRE(each.mark);
            CHECK(each.mark->map.text() == "metadata.annotations");
            CHECK(each.mark->owner_key == "trueup.io/owner");
            CHECK(each.mark->address_key == "trueup.io/address");
            CHECK(each.schema.find("metadata")->find("annotations")->partial);
            CHECK(each.schema.find("metadata")->find("labels")->partial);
        }
    }

    TEST_CASE("shared lists have discriminators, split delete paths are respected")
    {
        CHECK(kind("TagFilter").list->only.front().path.text() == "spec.filterType");
        CHECK_FALSE(kind("TagFilter").list->can_narrow());
        CHECK(kind("BackupLocationS3").list->only.front().path.text() == "spec.storage");
        CHECK(kind("BackupLocationS3").remove->path == "/v1/users/assets/locations/{uid}");
        CHECK(kind("MaintenancePolicy").remove->path == "/v1/spcPolicies/{uid}");
    }

    TEST_CASE("what is the system's own, or another scope's, can be told")
    {
        const Value system = Map{{"spec", Map{{"type", "system"}}}};
        const Value user = Map{{"spec", Map{{"type", "user"}}}};

        CHECK(kind("Role").builtin->holds(system));
        CHECK_FALSE(kind("Role").builtin->holds(user));
        for (const Kind& each : palette().kinds)
            if (each.scope == ScopeRule::any) {
                CAPTURE(each.name);
                REQUIRE(each.item_scope);
                CHECK(each.item_scope->text() == "metadata.annotations.scope");
            }
    }

    TEST_CASE("users are known by e-mail address, profiles by name and version")
    {
        CHECK(kind("User").key == std::vector<Path>{Path{{"spec", "emailId"}}});
        CHECK(kind("ClusterProfile").key ==
              std::vector<Path>{Path{{"metadata", "name"}}, Path{{"spec", "version"}}});
        CHECK(*field("ClusterProfile", {"spec", "version"}).default_value == Value("1.0.0"));
        CHECK(field("User", {"spec", "teams"}).create_only);
        CHECK(field("User", {"spec", "loginMode"}).write_only);
    }

    TEST_CASE(
        "a profile is written as a template, read as published, and published after each change")
    {
        const Kind& profile = kind("ClusterProfile");

        CHECK(field("ClusterProfile", {"spec", "template", "packs"}).read_from ==
              std::vector<Path>{Path{{"spec", "published", "packs"}}});
        CHECK(field("ClusterProfile", {"spec", "template", "packs", "[]", "uid"}).read_from ==
              std::vector<Path>{Path{{"packUid"}}});
        CHECK(field("ClusterProfile", {"spec", "template", "type"}).immutable);
        REQUIRE(profile.read.more.size() == 2);
        CHECK(profile.read.more[0].into.text() == "spec.variables");
        CHECK(profile.read.more[1].for_each->text() == "spec.published.packs");
        CHECK(profile.create->then.front().route() == "PATCH /v1/clusterprofiles/{uid}/publish");
        REQUIRE(profile.facets.size() == 3);
        CHECK(profile.facets[0].name == "variables");
        CHECK(profile.facets[1].name == "packs");
        CHECK(profile.facets[1].then.front().operation_class == OperationClass::idempotent);
        CHECK(profile.facets[1].shape == BodyShape::body_template);
    }

    TEST_CASE("a token's state has a call of its own and is read from the status")
    {
        const Kind& token = kind("EdgeRegistrationToken");

        CHECK(field("EdgeRegistrationToken", {"spec", "isActive"}).read_from.front().text() ==
              "status.isActive");
        CHECK(field("EdgeRegistrationToken", {"spec", "defaultProjectUid"}).refers_to == "Project");
        CHECK(token.facets[1].call.route() == "PUT /v1/edgehosts/tokens/{uid}/state");
        CHECK(find(*token.create->call.body, Path{{"spec", "isActive"}}) == nullptr);
    }

    TEST_CASE("macros are entries of their own in a project, the policy is a singleton that resets")
    {
        const Kind& macros = kind("Macros");
        const Kind& policy = kind("PasswordPolicy");

        CHECK(macros.scope == ScopeRule::project);
        CHECK(macros.is_singleton());
        CHECK(macros.when_deleted == WhenDeleted::entries);
        CHECK(macros.children.front().add.operation_class == OperationClass::create);
        CHECK(macros.children.front().body.text() == "macros");
        CHECK(field("Macros", {"spec", "macros"}).partial);
        CHECK(policy.when_deleted == WhenDeleted::reset);
        CHECK(*find(*policy.reset_to, Path{{"spec", "expiryDurationInDays"}}) == Value(999));
        CHECK(policy.facets.front().call.method == "POST");
        CHECK(policy.facets.front().call.operation_class == OperationClass::idempotent);
        CHECK(policy.facets.front().shape == BodyShape::bare);
    }

    TEST_CASE("a project is a container whose delete takes nothing along")
    {
        const Kind& project = kind("Project");

        CHECK(project.container);
        CHECK(project.remove->query.empty());
        CHECK_FALSE(project.remove->body);
        CHECK(project.facets.front().shape == BodyShape::bare);
    }
}
