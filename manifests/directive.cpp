#include "manifests/directive.hpp"

#include "manifests/files.hpp"
#include "state/model/utf8.hpp"

#include <algorithm>

namespace trueup::manifests {

namespace {

constexpr std::size_t text_file_bytes_max = 1U << 20U;
constexpr std::size_t secret_bytes_max = 64U << 10U;

const std::vector<std::string>& words()
{
    static const std::vector<std::string> all{"$ref", "$lookup", "$file", "$secret"};
    return all;
}

// "${X}" is no such word: it is a key that somebody hoped to have substituted.
bool is_word(const Map::Entry& entry)
{
    const std::string& name = entry.first;
    return name.size() > 1 && name[0] == '$' &&
           ((name[1] >= 'a' && name[1] <= 'z') || (name[1] >= 'A' && name[1] <= 'Z'));
}

// The name of the member that makes the map a directive.
const std::string& word_of(const Map& map)
{
    return std::ranges::find_if(map, is_word)->first;
}

// Drops the line end that editors and echo put after a secret.
void drop_line_end(std::string& text)
{
    if (text.ends_with("\r\n"))
        text.resize(text.size() - 2);
    else if (text.ends_with('\n'))
        text.pop_back();
}

} // namespace

bool is_directive(const Map& map)
{
    return std::ranges::any_of(map, is_word);
}

std::optional<Value>
Directives::resolve(const Value& value, const std::string& refers_to, const Step& at)
{
    const Map& map = *value.if_map();
    const std::string& word = word_of(map);
    std::optional<Value> result;
    if (word == "$ref")
        result = reference(map, refers_to, at);
    else if (word == "$lookup")
        result = lookup(map, refers_to, at);
    else if (word == "$file")
        result = file(map, at);
    else if (word == "$secret")
        result = secret(map, at);
    else
        complaints_.error(at,
                          map.find(word)->place(),
                          "\"" + word + "\" is not understood",
                          did_you_mean(word, words()));
    if (result)
        result->set_place(value.place());
    return result;
}

// The text of a scalar inside a directive, substituted.
std::optional<std::string> Directives::text_of(const Value& value, const Step& at)
{
    const std::string* text = value.if_string();
    if (text == nullptr || text->empty()) {
        complaints_.error(at,
                          value.place(),
                          text != nullptr ? "must not be empty"
                                          : "expected a string, " + found(value),
                          text != nullptr ? "" : "write it in quotes");
        return std::nullopt;
    }
    if (!Variables::concern(*text))
        return *text;
    auto substituted = surroundings_.variables.substitute(*text);
    if (!substituted) {
        complaints_.error(
            at, value.place(), substituted.error().message, substituted.error().advice);
        return std::nullopt;
    }
    return std::move(*substituted);
}

bool Directives::only(const Map& map, const std::vector<std::string>& allowed, const Step& at)
{
    bool sound = true;
    for (const auto& [name, member] : map) {
        if (std::ranges::count(allowed, name) != 0)
            continue;
        complaints_.error(Step(at, name),
                          member.place(),
                          "does not belong beside " + allowed.front(),
                          did_you_mean(name, allowed));
        sound = false;
    }
    return sound;
}

bool Directives::may_refer(const std::string& kind,
                           const std::string& wanted,
                           Place place,
                           const Step& at)
{
    if (wanted.empty() || kind == wanted)
        return true;
    complaints_.error(
        at, place, "refers to a " + kind + ", but the field holds a " + wanted, "name a " + wanted);
    return false;
}

std::optional<Value>
Directives::reference(const Map& map, const std::string& refers_to, const Step& at)
{
    const bool clean = only(map, {"$ref", "field"}, at);
    const Value& target = *map.find("$ref");
    const Step target_step(at, "$ref");
    const auto text = text_of(target, target_step);
    std::string field;
    if (const Value* named = map.find("field")) {
        const auto field_text = text_of(*named, Step(at, "field"));
        if (!field_text)
            return std::nullopt;
        if (auto path = Path::parse(*field_text); !path) {
            complaints_.error(Step(at, "field"), named->place(), path.error().message);
            return std::nullopt;
        }
        field = *field_text;
    }
    if (!text || !clean)
        return std::nullopt;
    auto address = read_address(*text, surroundings_.catalogue);
    if (!address) {
        complaints_.error(
            target_step, target.place(), address.error().message, address.error().advice);
        return std::nullopt;
    }
    // With `field` it is not the uid that the field gets.
    if (field.empty() && !may_refer(address->kind(), refers_to, target.place(), target_step))
        return std::nullopt;
    references_.emplace_back(*address, at.text(), target.place());
    return Value(Unknown{address->text(), std::move(field), nullptr});
}

std::optional<Value>
Directives::lookup(const Map& map, const std::string& refers_to, const Step& at)
{
    const Value& named = *map.find("$lookup");
    const Step named_step(at, "$lookup");
    const auto kind = text_of(named, named_step);
    auto asked = std::make_shared<Lookup>();
    bool sound = kind.has_value();
    for (const auto& [name, member] : map) {
        if (name == "$lookup")
            continue;
        auto text = text_of(member, Step(at, name));
        sound = sound && text.has_value();
        if (text)
            asked->criteria.append(name, std::move(*text));
    }
    if (!sound)
        return std::nullopt;
    if (surroundings_.catalogue.find(*kind) == nullptr) {
        complaints_.error(named_step,
                          named.place(),
                          "there is no kind \"" + *kind + "\"",
                          did_you_mean(*kind, surroundings_.catalogue.names()));
        return std::nullopt;
    }
    if (asked->criteria.empty()) {
        complaints_.error(at,
                          named.place(),
                          "says nothing to look for",
                          "add what it is known by, such as name:");
        return std::nullopt;
    }
    if (!may_refer(*kind, refers_to, named.place(), named_step))
        return std::nullopt;
    asked->kind = *kind;
    return Value(Unknown{"", "", std::move(asked)});
}

std::optional<Value> Directives::file(const Map& map, const Step& at)
{
    const Value& named = *map.find("$file");
    const Step step(at, "$file");
    const auto path = text_of(named, step);
    bool substitute = false;
    if (const Value* asked = map.find("substitute")) {
        if (asked->if_bool() == nullptr)
            complaints_.error(Step(at, "substitute"), asked->place(), "expected true or false");
        else
            substitute = *asked->if_bool();
    }
    if (!only(map, {"$file", "substitute"}, at) || !path)
        return std::nullopt;
    const auto fail = [&](const Error& error) {
        complaints_.error(
            step, named.place(), "the file " + *path + " " + error.message, error.advice);
        return std::nullopt;
    };
    const Origin& origin = complaints_.origin();
    if (origin.directory.empty())
        return fail({Errc::invalid_input,
                     "cannot be found from standard input",
                     "",
                     "give the manifest as a file"});
    const auto inside = path_inside(origin.root, origin.directory, *path);
    if (!inside)
        return fail(inside.error());
    auto content = read_file(*inside, text_file_bytes_max);
    if (!content)
        return fail(content.error());
    if (valid_utf8(content->text) != content->text.size())
        return fail({Errc::invalid_input, "is not UTF-8"});
    if (!substitute)
        return Value(std::move(content->text));
    auto substituted = surroundings_.variables.substitute(content->text);
    if (!substituted)
        return fail({Errc::invalid_input,
                     "cannot be substituted: " + substituted.error().message,
                     "",
                     substituted.error().advice});
    return Value(std::move(*substituted));
}

std::optional<Value> Directives::secret(const Map& map, const Step& at)
{
    static const std::vector<std::string> sources{"file", "env", "credential"};
    const Value& source = *map.find("$secret");
    const Step step(at, "$secret");
    const Map* from = source.if_map();
    const bool clean = only(map, {"$secret"}, at);
    if (from == nullptr || from->size() != 1) {
        complaints_.error(step,
                          source.place(),
                          "does not say where the secret is",
                          "write {$secret: {file: PATH}}, {env: NAME} or {credential: NAME}");
        return std::nullopt;
    }
    const auto& [word, named] = *from->begin();
    if (std::ranges::count(sources, word) == 0) {
        complaints_.error(Step(step, word),
                          named.place(),
                          "is no source of secrets",
                          did_you_mean(word, sources));
        return std::nullopt;
    }
    const auto name = text_of(named, Step(step, word));
    if (!name || !clean)
        return std::nullopt;
    if (word == "credential" && name->find('/') != std::string::npos) {
        complaints_.error(Step(step, word),
                          named.place(),
                          "is the name of a credential, not a path",
                          "use file: for a path");
        return std::nullopt;
    }
    if (surroundings_.options.secrets == SecretMode::leave)
        return Value(Secret("", "", word + ":" + *name));
    return fetch(word, *name, named.place(), Step(step, word));
}

std::optional<Value>
Directives::fetch(const std::string& from, const std::string& name, Place place, const Step& at)
{
    const auto& environment = surroundings_.options.environment;
    const auto variable = [&](const std::string& wanted) {
        return environment ? environment(wanted) : std::nullopt;
    };
    const auto fail = [&](const std::string& what, std::string advice = {}) {
        complaints_.error(at, place, what, std::move(advice));
        return std::nullopt;
    };
    std::string text;
    if (from == "env") {
        auto value = variable(name);
        if (!value)
            return fail("the environment has no variable " + name, "set it before trueup starts");
        text = std::move(*value);
    } else {
        std::filesystem::path path = complaints_.origin().directory / name;
        if (from == "credential") {
            const auto directory = variable("CREDENTIALS_DIRECTORY");
            if (!directory)
                return fail("there are no credentials: CREDENTIALS_DIRECTORY is not set",
                            "add LoadCredential= to the unit, or use file:");
            path = std::filesystem::path(*directory) / name;
        }
        if (surroundings_.options.on_secret_file)
            surroundings_.options.on_secret_file(path);
        auto content = read_file(path, secret_bytes_max);
        if (!content)
            return fail("the secret " + name + " " + content.error().message,
                        content.error().advice);
        text = std::move(content->text);
    }
    drop_line_end(text);
    if (text.empty())
        return fail("the secret " + name + " is empty", "an empty secret is never sent");
    if (valid_utf8(text) != text.size()) {
        wipe(text);
        return fail("the secret " + name + " is not UTF-8");
    }
    return Value(surroundings_.options.hasher.make(std::move(text), from + ":" + name));
}

Result<Address> read_address(const std::string& text, const Catalogue& catalogue)
{
    auto address = Address::parse(text);
    if (!address)
        return address.error();
    const Kind* kind = catalogue.find(address->kind());
    if (kind == nullptr)
        return Error{Errc::invalid_input,
                     "there is no kind \"" + address->kind() + "\"",
                     "",
                     did_you_mean(address->kind(), catalogue.names())};
    const std::string shown = "\"" + text + "\" ";
    const std::string name = address->is_singleton() ? "" : "/" + address->name();
    if (kind->scope == ScopeRule::tenant && address->project())
        return Error{Errc::invalid_input,
                     shown + "names a project, but a " + kind->name + " lives in the tenant",
                     "",
                     "write " + kind->name + "/tenant" + name};
    if (kind->scope == ScopeRule::project && !address->project())
        return Error{Errc::invalid_input,
                     shown + "names no project, but a " + kind->name + " lives in a project",
                     "",
                     "write " + kind->name + "/PROJECT" + name};
    if (kind->is_singleton() != address->is_singleton())
        return Error{Errc::invalid_input,
                     shown + (kind->is_singleton()
                                  ? "has a name, but there is one " + kind->name + " in each scope"
                                  : std::string("has no name")),
                     "",
                     "write " + kind->name + "/" + address->scope_text() +
                         (kind->is_singleton() ? "" : "/NAME")};
    const auto parts = static_cast<std::size_t>(std::ranges::count(address->name(), '@')) + 1;
    if (kind->key.size() > 1 && parts != kind->key.size()) {
        std::string form;
        for (const Path& part : kind->key)
            form += (form.empty() ? "" : "@") + part.names().back();
        return Error{Errc::invalid_input,
                     shown + "does not name one " + kind->name,
                     "",
                     "write " + kind->name + "/" + address->scope_text() + "/" + form};
    }
    return address;
}

} // namespace trueup::manifests
