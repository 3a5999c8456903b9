#include "tests/sim/world.hpp"

#include <algorithm>

namespace trueup::sim {

const std::vector<KindFacts>& kind_facts()
{
    static const std::vector<KindFacts> facts{
        {"Role", "roles", "/v1/roles", "/v1/roles", "/v1/roles/", false, true},
        {"TagFilter",
         "filters",
         "/v1/filters",
         "/v1/filters/tag",
         "/v1/filters/tag/",
         false,
         false},
        {"ClusterProfile",
         "clusterprofiles",
         "/v1/dashboard/clusterprofiles",
         "/v1/clusterprofiles",
         "/v1/clusterprofiles/",
         false,
         true},
        {"Project",
         "projects",
         "/v1/dashboard/projects",
         "/v1/projects",
         "/v1/projects/",
         false,
         true},
        {"Team", "teams", "/v1/teams", "/v1/teams", "/v1/teams/", false, false},
        {"User", "users", "/v1/users", "/v1/users", "/v1/users/", false, false},
        {"SshKey",
         "sshkeys",
         "/v1/users/assets/sshkeys",
         "/v1/users/assets/sshkeys",
         "/v1/users/assets/sshkeys/",
         true,
         true},
        {"CloudAccountAws",
         "cloudaccounts_aws",
         "/v1/cloudaccounts/aws",
         "/v1/cloudaccounts/aws",
         "/v1/cloudaccounts/aws/",
         true,
         false},
        {"Macros", "macros", "", "", "", true, true},
        {"RegistryHelm",
         "registries_helm",
         "/v1/registries/helm",
         "/v1/registries/helm",
         "/v1/registries/helm/",
         false,
         false},
        {"PasswordPolicy", "password_policy", "", "", "", false, true},
    };
    return facts;
}

const KindFacts& facts_of(std::string_view kind)
{
    return *std::ranges::find(kind_facts(), kind, &KindFacts::kind);
}

std::string secret_text(int generation)
{
    return std::string(canary) + std::to_string(generation);
}

std::string token_of(const std::string& kind, const std::string& name, int version)
{
    return "tk-" + kind + "-" + name + "-v" + std::to_string(version) + "-";
}

std::string Declared::address() const
{
    const std::string scope = project.empty() ? "tenant" : project;
    if (facts_of(kind).is_singleton())
        return kind + "/" + scope;
    if (kind == "User")
        return kind + "/" + scope + "/" + name + "@example.com";
    if (kind == "ClusterProfile")
        return kind + "/" + scope + "/" + name + "@1.0.0";
    return kind + "/" + scope + "/" + name;
}

std::string Declared::token() const
{
    return token_of(kind, name, version);
}

namespace {

bool has_roles(std::string_view kind)
{
    return kind == "Team" || kind == "User";
}

std::string spec_of(const Declared& d, const std::string& refs, bool as_body)
{
    const std::string t = d.token();
    if (d.kind == "Role")
        return R"({"permissions": ["cluster.get", ")" + t + R"("], "scope": "tenant"})";
    if (d.kind == "TagFilter")
        return R"({"filterGroup": {"conjunction": ")" +
               std::string(d.shape % 2 == 1 ? "and" : "or") +
               R"(", "filters": [{"key": "k", "negation": false,)"
               R"( "operator": "eq", "values": [")" +
               t + R"("]}]}})";
    if (d.kind == "ClusterProfile")
        return R"({"version": "1.0.0", "template": {"type": "add-on", "cloudType": ")" +
               std::string(d.shape % 2 == 1 ? "aws" : "azure") +
               R"(", "packs": [{"name": "base", "layer": "addon", "type": "spectro", "tag": "1.0.0",)"
               R"( "uid": "65f0acme0000000000000001", "values": ")" +
               t + R"("}]}})";
    if (d.kind == "Team")
        return as_body ? "{}" : R"({"roles": [)" + refs + "]}";
    if (d.kind == "User")
        return R"({"emailId": ")" + d.name + R"(@example.com", "firstName": ")" + t +
               R"(", "lastName": "L")" + (as_body ? "" : R"(, "roles": [)" + refs + "]") + "}";
    if (d.kind == "SshKey")
        return R"({"publicKey": "ssh-ed25519 )" + t + R"("})";
    const std::string secret = as_body ? R"("elsewhere")" : R"({"$secret": {"env": "SIM_SECRET"}})";
    if (d.kind == "CloudAccountAws")
        return R"({"credentialType": "secret", "accessKey": ")" + t + R"(", "secretKey": )" +
               secret + "}";
    if (d.kind == "RegistryHelm")
        return R"({"auth": {"type": "basic", "username": "u", "password": )" + secret +
               R"(}, "isPrivate": false, "endpoint": "https://charts.example.com/)" + t + R"("})";
    if (d.kind == "PasswordPolicy")
        return R"({"minLength": )" + std::to_string(6 + d.version) + R"(, "minNumOfDigits": 2})";
    if (d.kind == "Macros")
        return R"({"macros": [{"name": "m1", "value": ")" + t +
               R"("}, {"name": "m2", "value": "x"}]})";
    return "{}";
}

std::string metadata_of(const Declared& d, bool as_body)
{
    std::string text = "{";
    if (!facts_of(d.kind).is_singleton() && d.kind != "User")
        text += R"("name": ")" + d.name + R"(", )";
    if (d.kind == "Project" || d.kind == "Team")
        text += R"("annotations": {"description": ")" + d.token() + R"("}, )";
    if (!d.project.empty() && !as_body)
        text += R"("project": ")" + d.project + R"(", )";
    if (text.ends_with(", "))
        text.resize(text.size() - 2);
    return text + "}";
}

std::string lifecycle_of(const Declared& d)
{
    std::string text;
    if (d.replace != ReplaceMode::forbidden)
        text += d.replace == ReplaceMode::delete_first ? "replace: deleteFirst, "
                                                       : "replace: createFirst, ";
    if (d.adopt != AdoptMode::standard)
        text += d.adopt == AdoptMode::never ? "adopt: never, " : "adopt: takeOver, ";
    if (d.prevent_destroy)
        text += "preventDestroy: true, ";
    if (d.abandon)
        text += "deletionPolicy: abandon, ";
    if (!has_roles(d.kind) && !d.refs.empty()) {
        text += "dependsOn: [";
        for (const std::string& target : d.refs)
            text += (&target == &d.refs.front() ? "" : ", ") + target;
        text += "], ";
    }
    if (text.empty())
        return text;
    text.resize(text.size() - 2);
    return "lifecycle: {" + text + "}\n";
}

} // namespace

std::string Declared::manifest() const
{
    std::string references;
    for (const std::string& target : refs)
        references += (references.empty() ? "" : ", ") + (R"({"$ref": ")" + target + R"("})");
    std::string text = "apiVersion: palette/v1\nkind: " + kind + "\n";
    if (const std::string metadata = metadata_of(*this, false); metadata != "{}")
        text += "metadata: " + metadata + "\n";
    if (kind != "Project")
        text += "spec: " + spec_of(*this, references, false) + "\n";
    return text + lifecycle_of(*this);
}

std::string Declared::body() const
{
    return R"({"metadata": )" + metadata_of(*this, true) + R"(, "spec": )" +
           spec_of(*this, "", true) + "}";
}

std::string ManifestText::text() const
{
    std::string all;
    for (const Declared& declared : resources)
        all += "---\n" + declared.manifest();
    if (!broken.empty())
        all += "---\n" + broken;
    return all;
}

const Declared* ManifestText::find(const std::string& address) const
{
    const auto it = std::ranges::find(resources, address, &Declared::address);
    return it != resources.end() ? &*it : nullptr;
}

namespace {

std::vector<std::string> addresses_of(const ManifestText& manifests, std::string_view kind)
{
    std::vector<std::string> found;
    for (const Declared& declared : manifests.resources)
        if (declared.kind == kind)
            found.push_back(declared.address());
    return found;
}

// Kinds with a field that cannot be changed in place.
bool has_shape(std::string_view kind)
{
    return kind == "ClusterProfile" || kind == "TagFilter";
}

void draw_lifecycle(Declared& d, Random& random)
{
    if (has_shape(d.kind) && random.below(4) != 0)
        d.replace = random.below(2) == 0 ? ReplaceMode::delete_first : ReplaceMode::create_first;
    if (random.below(6) == 0)
        d.adopt = random.below(2) == 0 ? AdoptMode::never : AdoptMode::take_over;
    d.prevent_destroy = random.below(12) == 0;
    d.abandon = random.below(10) == 0;
}

// False when there is no room for it: the name is taken, or it needs what is not there.
bool add_resource(ManifestText& manifests, Random& random)
{
    constexpr std::size_t weights[] = {0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6, 7, 7, 8, 9, 9, 10};
    const KindFacts& facts = kind_facts()[weights[random.below(std::size(weights))]];
    Declared d;
    d.kind = facts.kind;
    d.name = std::string(1, static_cast<char>('a' + random.below(4)));
    if (d.kind == "Project")
        d.name = random.below(2) == 0 ? "pa" : "pb";
    if (facts.in_project) {
        const auto projects = addresses_of(manifests, "Project");
        if (projects.empty())
            return false;
        const std::string& address = projects[random.below(projects.size())];
        d.project = address.substr(address.rfind('/') + 1);
    }
    if (facts.is_singleton())
        d.name = "m";
    if (d.kind == "PasswordPolicy") // the tenant has one from the beginning
        d.adopt = AdoptMode::take_over;
    const bool depends =
        d.kind == "ClusterProfile" || d.kind == "TagFilter" || d.kind == "RegistryHelm";
    if (has_roles(d.kind) || depends)
        for (const std::string& each : addresses_of(manifests, depends ? "RegistryHelm" : "Role"))
            if (random.below(2) == 0)
                d.refs.push_back(each);
    if (manifests.find(d.address()) != nullptr)
        return false;
    if (!facts.is_singleton())
        draw_lifecycle(d, random);
    // Before whatever it might be used by: order in the text means nothing.
    manifests.resources.push_back(std::move(d));
    return true;
}

// Takes one away, and with it what needs it.
std::string remove_resource(ManifestText& manifests, Random& random)
{
    const std::size_t at = random.below(manifests.resources.size());
    const Declared gone = manifests.resources[at];
    const std::string address = gone.address();
    std::erase_if(manifests.resources, [&](const Declared& d) {
        return d.address() == address || (gone.kind == "Project" && d.project == gone.name);
    });
    for (Declared& d : manifests.resources)
        std::erase(d.refs, address);
    return "no longer declares " + address;
}

} // namespace

ManifestText draw_manifests(Random& random, std::size_t size)
{
    ManifestText manifests;
    for (std::size_t tries = 0; manifests.resources.size() < size && tries < size * 4; ++tries)
        add_resource(manifests, random);
    return manifests;
}

std::string edit_manifests(ManifestText& manifests, Random& random)
{
    manifests.broken.clear();
    const std::uint64_t choice = random.below(20);
    if (choice == 19) {
        manifests.resources.clear();
        return "declare nothing at all";
    }
    if (choice == 18 && !manifests.resources.empty()) {
        Declared& d = manifests.resources[random.below(manifests.resources.size())];
        d.abandon = !d.abandon && !facts_of(d.kind).is_singleton();
        return "change what becomes of " + d.address();
    }
    if (choice == 0) {
        manifests.broken = "kind: Role\n  spec: [\n";
        return "has a document that is not YAML";
    }
    if (choice == 1) {
        manifests.broken = "apiVersion: palette/v1\nkind: Role\nmetadata: {nam: x}\nspec: {}\n";
        return "has a document with an unknown field";
    }
    if (choice <= 4 || manifests.resources.empty()) {
        for (int tries = 0; tries < 8; ++tries)
            if (add_resource(manifests, random))
                return "declares " + manifests.resources.back().address();
        return "is written again";
    }
    if (choice <= 7)
        return remove_resource(manifests, random);
    Declared& d = manifests.resources[random.below(manifests.resources.size())];
    if (choice == 8) {
        d.prevent_destroy = !d.prevent_destroy && !facts_of(d.kind).is_singleton();
        return "changes the protection of " + d.address();
    }
    if (has_shape(d.kind) && random.below(2) == 0) {
        ++d.shape;
        return "changes the shape of " + d.address();
    }
    ++d.version;
    return "changes " + d.address();
}

} // namespace trueup::sim
