#include "manifests/document.hpp"

#include "manifests/body.hpp"
#include "manifests/lifecycle.hpp"
#include "state/model/json.hpp"
#include "state/model/resource.hpp"

namespace trueup::manifests {

namespace {

// Takes the member `name` out of `map`; nothing when there is none.
std::optional<Value> take(Map& map, std::string_view name)
{
    Value* member = map.find(name);
    if (member == nullptr)
        return std::nullopt;
    Value value = std::move(*member);
    map.erase(name);
    return value;
}

class DocumentReader {
public:
    DocumentReader(Value document, const Origin& origin, const Surroundings& surroundings)
        : document_(std::move(document)),
          surroundings_(surroundings),
          complaints_(origin, surroundings.diagnostics)
    {
    }

    std::optional<ReadDocument> read();

private:
    const Kind* kind();
    void api_version(const Kind& kind);
    std::optional<std::string> project(const Kind& kind, BodyReader& reader);
    void drop_empty_sections(const Kind& kind);

    Value document_;
    const Surroundings& surroundings_;
    Complaints complaints_;
};

const Kind* DocumentReader::kind()
{
    const Map& members = *document_.if_map();
    const Value* declared = members.find("kind");
    const std::string* name = declared != nullptr ? declared->if_string() : nullptr;
    if (name == nullptr) {
        complaints_.error(Step{},
                          declared != nullptr ? declared->place() : document_.place(),
                          "kind: is required",
                          "add kind: and the name of a kind; trueup kinds list shows them");
        return nullptr;
    }
    const Kind* found = surroundings_.catalogue.find(*name);
    if (found == nullptr)
        complaints_.error(Step{},
                          declared->place(),
                          "kind: there is no kind \"" + *name + "\"",
                          did_you_mean(*name, surroundings_.catalogue.names()));
    return found;
}

void DocumentReader::api_version(const Kind& kind)
{
    const Value* declared = document_.if_map()->find("apiVersion");
    if (declared == nullptr)
        complaints_.error(Step{},
                          document_.place(),
                          "apiVersion: is required",
                          "add apiVersion: " + kind.api_version);
    else if (declared->string_or_empty() != kind.api_version)
        complaints_.error(Step{},
                          declared->place(),
                          "apiVersion: is not that of a " + kind.name,
                          "write apiVersion: " + kind.api_version);
}

// Takes metadata.project out of the document: it is the scope, not a field.
std::optional<std::string> DocumentReader::project(const Kind& kind, BodyReader& reader)
{
    Value* metadata = document_.if_map()->find("metadata");
    Map* members = metadata != nullptr ? metadata->if_map() : nullptr;
    const auto declared = members != nullptr ? take(*members, "project") : std::nullopt;
    const Step document;
    const Step above(document, "metadata");
    const Step at(above, "project");
    if (declared && kind.scope == ScopeRule::tenant) {
        complaints_.error(at,
                          declared->place(),
                          "a " + kind.name + " lives in the tenant, not in a project",
                          "remove it");
        return std::nullopt;
    }
    if (declared)
        return reader.text_of(*declared, at);
    if (kind.scope == ScopeRule::project)
        complaints_.error(at,
                          metadata != nullptr ? metadata->place() : document_.place(),
                          "is required: a " + kind.name + " lives in a project",
                          "add project: and the name of the project");
    return std::nullopt;
}

// "spec:" with nothing below it declares nothing. A kind without metadata may still have
// metadata.project.
void DocumentReader::drop_empty_sections(const Kind& kind)
{
    Map& members = *document_.if_map();
    for (const Field& section : kind.schema.fields)
        if (const Value* value = members.find(section.name); value != nullptr && value->is_null())
            members.erase(section.name);
    const Value* metadata = members.find("metadata");
    if (metadata != nullptr && metadata->if_map() != nullptr && metadata->if_map()->empty() &&
        kind.schema.find("metadata") == nullptr)
        members.erase("metadata");
}

std::optional<ReadDocument> DocumentReader::read()
{
    if (document_.if_map() == nullptr) {
        complaints_.error(Step{},
                          document_.place(),
                          "a manifest is a map, not a " + std::string(document_.type_name()),
                          "start with apiVersion: and kind:");
        return std::nullopt;
    }
    const Kind* kind = this->kind();
    if (kind == nullptr)
        return std::nullopt;
    ReadDocument result;
    Manifest& manifest = result.manifest;
    manifest.kind = kind;
    manifest.file = complaints_.origin().name;
    manifest.place = document_.place();
    api_version(*kind);
    BodyReader reader(surroundings_, *kind, complaints_, manifest.references);
    const auto project = this->project(*kind, reader);
    Map& members = *document_.if_map();
    members.erase("apiVersion");
    members.erase("kind");
    const auto section = take(members, "lifecycle");
    drop_empty_sections(*kind);
    reader.read(document_);
    if (section)
        manifest.lifecycle = LifecycleReader(surroundings_, *kind, complaints_, reader)
                                 .read(*section, manifest.references);
    manifest.address = address_of(*kind, project, document_);
    manifest.body = std::move(document_);
    // What was written, not what it means now: secrets by where they come from, not by what they
    // are.
    manifest.digest = sha256_hex(
        manifest.address.text() + "\n" + json::write(manifest.body, json::Secrets::source) + "\n" +
        (section ? json::write(*section, json::Secrets::source) : std::string()));
    result.sound = complaints_.is_sound();
    const bool has_scope = project || kind->scope != ScopeRule::project;
    if (!has_scope || key_of(*kind, manifest.body).size() != kind->key.size())
        return std::nullopt;
    return result;
}

} // namespace

std::optional<ReadDocument>
read_document(Value document, const Origin& origin, const Surroundings& surroundings)
{
    return DocumentReader(std::move(document), origin, surroundings).read();
}

} // namespace trueup::manifests
