// Manifests as `trueup validate` reads them from standard input, against the shipped kinds.
//
// Nothing is accepted in silence: a document is a manifest or has a diagnostic, and every manifest
// of the set is of a known kind under an address that can be typed.

#include "manifests/load.hpp"
#include "state/model/json.hpp"
#include "state/model/yaml.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace trueup;
using namespace trueup::fuzz;

namespace {

void check_manifest(const Manifest& manifest, const Catalogue& catalogue)
{
    must(manifest.kind != nullptr && catalogue.find(manifest.kind->name) == manifest.kind,
         "a manifest has a kind of the catalogue");
    const auto again = Address::parse(manifest.address.text());
    must(again.has_value() && *again == manifest.address,
         "an address can be typed: " + manifest.address.text());
    must(manifest.address.kind() == manifest.kind->name, "an address names its kind");
    must(manifest.kind->is_singleton() == manifest.address.is_singleton(),
         "an address has a name unless its kind has one resource");
    must(manifest.body->if_map() != nullptr, "a manifest has a body");
    must(!manifest.digest.empty(), "a manifest has a digest");
    const std::string written = json::write(*manifest.body);
    must(json::parse(written).has_value(), "a body can be written: " + written);
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const Catalogue& catalogue = shipped_catalogue();
    LoadOptions options;
    options.paths = {"-"};
    options.standard_input = std::string(text_of(data, size));
    options.variables = {{"TEAM", "payments"}, {"SIZE", "3"}, {"EMPTY", ""}};
    options.environment_allowed = {"HOME"};
    options.environment = [](const std::string& name) -> std::optional<std::string> {
        return name == "HOME" ? std::optional<std::string>("/root") : std::nullopt;
    };
    options.secrets = SecretMode::leave;
    options.hasher = SecretHasher("a key of thirty-two bytes, always");
    Diagnostics diagnostics;
    const ManifestSet set = load_manifests(options, catalogue, diagnostics);
    must_be_presentable(diagnostics);
    for (std::size_t i = 0; i < set.manifests.size(); ++i) {
        check_manifest(set.manifests[i], catalogue);
        must(i == 0 || set.manifests[i - 1].address < set.manifests[i].address,
             "each address is there once, in order");
    }
    Diagnostics of_text;
    const std::vector<Value> documents =
        yaml::parse(options.standard_input, "standard input", of_text);
    must(diagnostics.error_count() >= of_text.error_count(), "no fault of the text is lost");
    must(diagnostics.has_errors() || set.manifests.size() == documents.size(),
         "each document is a manifest or has an error");
    // The same text gives the same set.
    Diagnostics second;
    must(load_manifests(options, catalogue, second).digest == set.digest, "a digest is one digest");
    return 0;
}
