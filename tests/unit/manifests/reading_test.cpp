// What a sound manifest becomes.

#include "state/model/json.hpp"
#include "tests/support/manifest_site.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

using namespace trueup;
using namespace trueup::test;

namespace {

std::string member(const std::string& spec)
{
    return "apiVersion: library/v1\n"
           "kind: Member\n"
           "metadata: {name: ada}\n"
           "spec:\n"
           "  email: ada@example.org\n" +
           spec;
}

std::string shelf(const std::string& name, const std::string& rest = {})
{
    return "---\napiVersion: library/v1\nkind: Shelf\nmetadata: {name: " + name + "}\n" + rest;
}

const Value& at(const Manifest& manifest, std::string_view path)
{
    const Value* value = find(manifest.body, *Path::parse(path));
    REQUIRE(value != nullptr);
    return *value;
}

const Secret& secret_at(const Manifest& manifest, std::string_view path)
{
    const Secret* secret = at(manifest, path).if_secret();
    REQUIRE(secret != nullptr);
    return *secret;
}

std::string line_column(Place place)
{
    return std::to_string(place.line) + ":" + std::to_string(place.column);
}

} // namespace

TEST_SUITE("manifests: reading")
{
    TEST_CASE("load: a manifest has its address, its declared fields and their places")
    {
        ManifestSite site;
        site.write("m.yaml",
                   "# a shelf\n"
                   "apiVersion: library/v1\n"
                   "kind: Shelf\n"
                   "metadata:\n"
                   "  name: top shelf\n"
                   "  project: north\n"
                   "  labels: {floor: \"2\"}\n"
                   "spec:\n"
                   "  edition: 2nd\n");

        const Manifest manifest = site.load_one();

        CHECK(manifest.address.text() == "Shelf/north/top%20shelf@2nd");
        CHECK(manifest.kind == site.catalogue.find("Shelf"));
        CHECK(manifest.body ==
              Value(Map{{"metadata", Map{{"name", "top shelf"}, {"labels", Map{{"floor", "2"}}}}},
                        {"spec", Map{{"edition", "2nd"}}}}));
        CHECK(line_column(at(manifest, "spec.edition").place()) == "9:3");
        CHECK(line_column(manifest.place) == "2:1");
        CHECK(manifest.file == (site.directory / "m.yaml").string());
        CHECK(manifest.references.empty());
    }

    TEST_CASE("load: a default completes the address and is not declared by that")
    {
        ManifestSite site;
        site.write("m.yaml", shelf("a", "spec:\n"));

        const Manifest manifest = site.load_one();

        CHECK(manifest.address.text() == "Shelf/tenant/a@1");
        CHECK(manifest.body == Value(Map{{"metadata", Map{{"name", "a"}}}}));
    }

    TEST_CASE("load: a singleton of a project needs only its project")
    {
        ManifestSite site;
        site.write("m.yaml",
                   "apiVersion: library/v1\nkind: Hours\nmetadata: {project: tenant}\n"
                   "spec: {opens: \"09:00\"}\n");

        const Manifest manifest = site.load_one();

        CHECK(manifest.address.text() == "Hours/project:tenant");
        CHECK(manifest.body == Value(Map{{"spec", Map{{"opens", "09:00"}}}}));
    }

    TEST_CASE("load: null and empty stay what they are, absence stays absence")
    {
        ManifestSite site;
        site.write(
            "m.yaml",
            member(
                "  note: null\n  tags: []\n  counts: {a: 1, b: ~}\n  extras: {shelf: 1, x: [{}]}\n"
                "  fee: 1.50\n  since: 2026-03-01T12:00:00.5+01:00\n  anything: [1, {a: b}]\n"));

        const Manifest manifest = site.load_one();

        CHECK(json::write(at(manifest, "spec")) ==
              R"({"anything":[1,{"a":"b"}],"counts":{"a":1,"b":null},"email":"ada@example.org",)"
              R"("extras":{"shelf":1,"x":[{}]},"fee":1.50,"note":null,)"
              R"("since":"2026-03-01T12:00:00.5+01:00","tags":[]})");
    }

    TEST_CASE("references: $ref becomes an unknown value and an edge, wherever it stands")
    {
        ManifestSite site;
        site.write("m.yaml",
                   member("  home: {$ref: Branch/tenant/north side}\n"
                          "  note: {$ref: Hours/north, field: spec.opens}\n"
                          "  books: {$ref: Member/tenant/b@c.d, field: spec.books}\n"
                          "  anything: [{$ref: Shelf/north/a@1}]\n"
                          "lifecycle: {dependsOn: [Shelf/tenant/b@1]}\n"));

        const Manifest manifest = site.load_one();

        CHECK(at(manifest, "spec.home") ==
              Value(Unknown{"Branch/tenant/north%20side", "", nullptr}));
        CHECK(at(manifest, "spec.note") == Value(Unknown{"Hours/north", "spec.opens", nullptr}));
        CHECK(line_column(at(manifest, "spec.home").place()) == "6:3");
        std::string edges;
        for (const Reference& reference : manifest.references)
            edges += reference.path + " -> " + reference.target.text() + " at " +
                     line_column(reference.place) + "\n";
        CHECK(edges == "spec.anything[0] -> Shelf/north/a@1 at 9:15\n"
                       "spec.books -> Member/tenant/b@c.d at 8:11\n"
                       "spec.home -> Branch/tenant/north%20side at 6:10\n"
                       "spec.note -> Hours/north at 7:10\n"
                       "lifecycle.dependsOn -> Shelf/tenant/b@1 at 10:25\n");
    }

    TEST_CASE("references: $lookup becomes an unknown value without an edge")
    {
        ManifestSite site;
        site.options.variables = {{"SIDE", "north"}};
        site.write("m.yaml", member("  home: {$lookup: Branch, name: \"${SIDE}\", city: Rome}\n"));

        const Manifest manifest = site.load_one();

        const Unknown* unknown = at(manifest, "spec.home").if_unknown();
        REQUIRE(unknown != nullptr);
        CHECK(unknown->text() == "Branch city=Rome name=north");
        CHECK(manifest.references.empty());
    }

    TEST_CASE("files: $file takes a text from beside the manifest as it is")
    {
        ManifestSite site;
        site.options.variables = {{"WHO", "Ada"}};
        site.write("sub/m.yaml",
                   member("  essay: {$file: texts/essay.txt}\n"
                          "  note: {$file: ../note.txt, substitute: true}\n"
                          "  anything: {$file: texts/essay.txt}\n"));
        site.write("sub/texts/essay.txt", "by ${WHO}\n");
        site.write("note.txt", "for ${WHO}, $${WHO}");

        const Manifest manifest = site.load_one();

        CHECK(at(manifest, "spec.essay") == Value("by ${WHO}\n"));
        CHECK(at(manifest, "spec.note") == Value("for Ada, ${WHO}"));
        CHECK(at(manifest, "spec.anything") == Value("by ${WHO}\n"));
    }

    TEST_CASE("files: a file outside the tree is not read, on no way there")
    {
        ManifestSite outside;
        outside.write("private.txt", "private");
        ManifestSite site;
        std::filesystem::create_symlink(outside.directory / "private.txt",
                                        site.directory / "link.txt");
        std::filesystem::create_directory_symlink(outside.directory.path(), site.directory / "way");
        const std::string above =
            std::filesystem::relative(outside.directory / "private.txt", site.directory.path());
        for (const std::string& path :
             {std::string("link.txt"), std::string("way/private.txt"), above}) {
            CAPTURE(path);
            site.write("m.yaml", member("  note: {$file: " + path + "}\n"));
            site.write(".trueupignore", "way\n");

            site.load();

            CHECK(site.said().find("m.yaml:6:10: error: spec.note.$file: the file " + path +
                                   " lies outside of") != std::string::npos);
        }
    }

    TEST_CASE("files: a directory, a pipe, a huge file and one that is no text are refused")
    {
        ManifestSite site;
        std::filesystem::create_directory(site.directory / "d");
        REQUIRE(mkfifo((site.directory / "pipe").c_str(), 0600) == 0);
        site.write("huge", std::string((1U << 20U) + 1, 'x'));
        site.write("bytes", "\xFF\xFE");
        const std::pair<std::string, std::string> cases[] = {
            {"d", "is not a regular file"},
            {"pipe", "is not a regular file"},
            {"huge", "is larger than 1048576 bytes"},
            {"bytes", "is not UTF-8"}};
        for (const auto& item : cases) {
            // Named one by one: clang 14 captures no structured bindings.
            const std::string& path = item.first;
            const std::string& said = item.second;
            CAPTURE(path);
            site.write("m.yaml", member("  note: {$file: " + path + "}\n"));

            site.load();

            CHECK(site.said() ==
                  "m.yaml:6:10: error: spec.note.$file: the file " + path + " " + said + "\n");
        }
    }

    TEST_CASE("secrets: they come from files, the environment and credentials")
    {
        ManifestSite site;
        TempDir credentials;
        std::ofstream(credentials / "door") << "c-secret\n";
        site.write("keys/k", "f-secret\r\n");
        site.environment = {{"E", "e-secret"}, {"CREDENTIALS_DIRECTORY", credentials.path()}};
        const std::pair<std::string, std::string> cases[] = {
            {"file: " + (site.directory / "keys/k").string(), "f-secret"},
            {"file: keys/k", "f-secret"},
            {"env: E", "e-secret"},
            {"credential: door", "c-secret"}};
        for (const auto& item : cases) {
            const std::string& source = item.first;
            const std::string& text = item.second;
            CAPTURE(source);
            site.write("m.yaml", member("  password: {$secret: {" + source + "}}\n"));

            const Manifest manifest = site.load_one();

            const Secret& secret = secret_at(manifest, "spec.password");
            CHECK(secret.reveal() == text);
            CHECK(secret.hash() == site.options.hasher.hash(text));
            std::string written = source;
            written.erase(written.find(": ") + 1, 1);
            CHECK(secret.source() == written);
        }
    }

    TEST_CASE("secrets: a field that is not sensitive takes one too")
    {
        ManifestSite site;
        site.environment = {{"E", "x"}};
        site.write("m.yaml", member("  note: {$secret: {env: E}}\n"));

        CHECK(secret_at(site.load_one(), "spec.note").reveal() == "x");
    }

    TEST_CASE("F: a literal number or boolean in a sensitive field is a secret by its exact text")
    {
        ManifestSite site;
        site.write("m.yaml", member("  pin: 48151623\n  rate: 1.50\n  armed: true\n"));

        const ManifestSet set = site.load();
        REQUIRE(set.manifests.size() == 1);
        const Manifest& manifest = set.manifests.front();

        CHECK(secret_at(manifest, "spec.pin").reveal() == "48151623");
        CHECK(secret_at(manifest, "spec.rate").reveal() == "1.50");
        CHECK(secret_at(manifest, "spec.armed").reveal() == "true");
        CHECK(secret_at(manifest, "spec.pin").hash() == site.options.hasher.hash("48151623"));
        for (const json::Secrets how :
             {json::Secrets::redact, json::Secrets::hash, json::Secrets::source}) {
            const std::string shown = json::write(manifest.body, how);
            CHECK(shown.find("48151623") == std::string::npos);
            CHECK(shown.find("1.5") == std::string::npos);
            CHECK(shown.find("true,") == std::string::npos);
        }
        CHECK(site.said().find("48151623") == std::string::npos);
        CHECK(site.said().find("spec.pin: a secret is written in the manifest itself") !=
              std::string::npos);
        // The API gets what the kind says it wants: no strings.
        const std::string body = json::write(manifest.body, json::Secrets::reveal);
        CHECK(body.find("\"pin\":48151623") != std::string::npos);
        CHECK(body.find("\"rate\":1.50") != std::string::npos);
        CHECK(body.find("\"armed\":true") != std::string::npos);
    }

    TEST_CASE("F: a secret from elsewhere is read as the type of its field, and never shown")
    {
        ManifestSite site;
        site.environment = {{"PIN", "48151623"}, {"WORD", "hunter2"}};
        site.write("m.yaml", member("  pin: {$secret: {env: PIN}}\n"));
        const Manifest manifest = site.load_one();
        CHECK(json::write(*find(manifest.body, *Path::parse("spec")), json::Secrets::reveal)
                  .find("\"pin\":48151623") != std::string::npos);

        site.write("m.yaml", member("  pin: {$secret: {env: WORD}}\n"));
        site.load();
        CHECK(site.said().find("expected an integer, and the secret is none") != std::string::npos);
        CHECK(site.said().find("hunter2") == std::string::npos);
    }

    TEST_CASE("secrets: only one line end is dropped, and an empty secret is an error")
    {
        ManifestSite site;
        site.write("two", "x\n\n");
        site.write("m.yaml", member("  password: {$secret: {file: two}}\n"));
        CHECK(secret_at(site.load_one(), "spec.password").reveal() == "x\n");

        site.write("empty", "\n");
        site.write("m.yaml", member("  password: {$secret: {file: empty}}\n"));
        site.load();
        CHECK(site.said() ==
              "m.yaml:6:24: error: spec.password.$secret.file: the secret empty is empty; "
              "an empty secret is never sent\n");
    }

    TEST_CASE("secrets: offline checks touch no source")
    {
        ManifestSite site;
        site.options.secrets = SecretMode::leave;
        site.write("m.yaml", member("  password: {$secret: {file: /no/such/file}}\n"));

        const Manifest manifest = site.load_one();

        const Secret& secret = secret_at(manifest, "spec.password");
        CHECK(secret.reveal().empty());
        CHECK(secret.hash().empty());
        CHECK(secret.source() == "file:/no/such/file");
    }

    TEST_CASE(
        "secrets: a literal in a sensitive field is a secret and a warning that does not show it")
    {
        ManifestSite site;
        site.write("m.yaml", member("  password: hunter2\n"));

        const ManifestSet set = site.load();

        CHECK(site.said() ==
              "m.yaml:6:3: warning: spec.password: a secret is written in the manifest "
              "itself; use {$secret: {file: PATH}}, {env: NAME} or {credential: NAME}\n");
        REQUIRE(set.manifests.size() == 1);
        const Secret& secret = secret_at(set.manifests.front(), "spec.password");
        CHECK(secret.reveal() == "hunter2");
        CHECK(secret.source() == "literal");
    }

    TEST_CASE("secrets: no mistake near a secret repeats it")
    {
        ManifestSite site;
        site.options.variables = {{"V", "hunter2"}};
        for (const std::string spec : {"  password: 42137\n",
                                       "  password: [hunter2]\n",
                                       "  password: {hunter2: x}\n  rank: x\n",
                                       "  password: {$secret: hunter2}\n",
                                       "  password: *hunter2\n",
                                       "  password: hunter2: x\n",
                                       "  password: \"hunter2\n",
                                       "  rank: ${V}\n",
                                       "  since: ${V}\n"}) {
            CAPTURE(spec);
            site.write("m.yaml", member(spec));

            site.load();

            CHECK(site.diagnostics.has_errors());
            CHECK(site.said().find("hunter2") == std::string::npos);
            CHECK(site.said().find("42137") == std::string::npos);
        }
    }

    TEST_CASE("variables: flags beat vars.yaml, which beats the allowed environment")
    {
        ManifestSite site;
        site.options.variables = {{"A", "flag"}};
        site.options.environment_allowed = {"A", "B", "C"};
        site.environment = {{"A", "environment"}, {"B", "environment"}, {"C", "environment"}};
        site.write("vars.yaml", "A: file\nB: file\nN: 007\nD: 1.10\nT: true\n");
        site.write("m.yaml", member("  note: \"${A} ${B} ${C} ${N} ${D} ${T}\"\n"));

        CHECK(at(site.load_one(), "spec.note") == Value("flag file environment 7 1.10 true"));
    }

    TEST_CASE("variables: the vars.yaml of a later directory replaces values of an earlier one")
    {
        ManifestSite base;
        ManifestSite production;
        base.write("vars.yaml", "A: base\nB: base\n");
        base.write("m.yaml", member("  note: ${A} ${B}\n"));
        production.write("vars.yaml", "B: production\n");
        production.write("m.yaml", shelf("a"));
        base.options.paths.push_back(production.directory.path());

        const ManifestSet set = base.load();

        REQUIRE_MESSAGE(base.diagnostics.all().empty(), base.said());
        REQUIRE(set.manifests.size() == 2);
        CHECK(at(set.manifests.front(), "spec.note") == Value("base production"));
    }

    TEST_CASE("variables: they act on values, once, and never on embedded text or keys")
    {
        ManifestSite site;
        site.options.variables = {{"A", "${B}"}, {"B", "b"}, {"N", "12"}, {"P", "north"}};
        site.write("m.yaml",
                   member("  note: \"${A} $${B} $A $\"\n"
                          "  essay: ${B}\n"
                          "  anything: {\"${B}\": [\"${B}\"]}\n"
                          "  extras: {x: \"${N}\"}\n"
                          "  home: {$ref: \"Branch/tenant/${P}\"}\n"
                          "lifecycle: {dependsOn: [\"Shelf/${P}/a@1\"]}\n"));

        const Manifest manifest = site.load_one();

        CHECK(at(manifest, "spec.note") == Value("${B} ${B} $A $"));
        CHECK(at(manifest, "spec.essay") == Value("${B}"));
        CHECK(at(manifest, "spec.anything") == Value(Map{{"${B}", List{"b"}}}));
        CHECK(at(manifest, "spec.extras.x") == Value("12"));
        CHECK(at(manifest, "spec.home") == Value(Unknown{"Branch/tenant/north", "", nullptr}));
        CHECK(manifest.references.back().target.text() == "Shelf/north/a@1");
    }

    TEST_CASE("variables: the schema says what a variable's text is read as")
    {
        ManifestSite site;
        site.options.variables = {{"N", "12"}, {"T", "true"}, {"F", "1.5"}};
        site.write("m.yaml",
                   member("  books: ${N}\n  note: ${N}\n  active: ${T}\n  fee: ${F}\n  counts: {a: "
                          "\"${N}\"}\n"));

        CHECK(json::write(at(site.load_one(), "spec")) ==
              R"({"active":true,"books":12,"counts":{"a":12},"email":"ada@example.org","fee":1.5,)"
              R"("note":"12"})");

        site.write("m.yaml", member("  books: ${F}\n"));
        site.load();
        CHECK(site.said() ==
              "m.yaml:6:3: error: spec.books: expected an integer, found a string; write it "
              "without quotes\n");
    }

    TEST_CASE("variables: the project may be one")
    {
        ManifestSite site;
        site.options.variables = {{"P", "north"}};
        site.write("m.yaml",
                   "apiVersion: library/v1\nkind: Shelf\nmetadata: {name: \"a-${P}\", "
                   "project: \"${P}\"}\n");

        CHECK(site.load_one().address.text() == "Shelf/north/a-north@1");
    }

    TEST_CASE("variables: a vars.yaml that is no flat map is told")
    {
        ManifestSite site;
        site.write("m.yaml", shelf("a"));
        site.write("vars.yaml", "a-b: 1\nL: [1]\nE:\n");
        site.load();
        CHECK(site.said() ==
              "vars.yaml:1:1: error: \"a-b\" is no name of a variable; use letters, digits and _\n"
              "vars.yaml:2:1: error: the variable L is a list; write a single text, number or "
              "boolean\n"
              "vars.yaml:3:1: error: the variable E is a null; write a single text, number or "
              "boolean\n");

        site.write("vars.yaml", "[a]\n");
        site.load();
        CHECK(site.said() ==
              "vars.yaml:1:1: error: vars.yaml is not a map; write NAME: value lines\n");
    }

    TEST_CASE("lifecycle: what is said is kept, what is not has its default")
    {
        ManifestSite site;
        site.write("m.yaml",
                   shelf("a",
                         "lifecycle:\n"
                         "  preventDestroy: true\n"
                         "  ignoreChanges: [spec.owner, 'metadata.labels[\"a.b\"]']\n"
                         "  adopt: takeOver\n"
                         "  replace: createFirst\n"
                         "  deletionPolicy: abandon\n"));
        const Lifecycle full = site.load_one().lifecycle;
        CHECK(full.prevent_destroy);
        REQUIRE(full.ignore_changes.size() == 2);
        CHECK(full.ignore_changes[1].names() ==
              std::vector<std::string>{"metadata", "labels", "a.b"});
        CHECK(full.adopt == Adoption::take_over);
        CHECK(full.replace == Replacement::create_first);
        CHECK(full.deletion == DeletionPolicy::abandon);

        site.write("m.yaml", shelf("a", "lifecycle:\n"));
        const Lifecycle empty = site.load_one().lifecycle;
        CHECK_FALSE(empty.prevent_destroy);
        CHECK(empty.adopt == std::nullopt);
        CHECK(empty.replace == Replacement::forbidden);
        CHECK(empty.deletion == DeletionPolicy::remove);
    }

    TEST_CASE("digest: says what was written, whatever its layout, and no secret")
    {
        ManifestSite site;
        site.environment = {{"E", "one"}};
        const auto digest = [&](const std::string& text) {
            site.write("m.yaml", text);
            return site.load_one().digest;
        };
        const std::string first = digest(member("  note: a\n  password: {$secret: {env: E}}\n"));
        const std::string laid_out =
            digest("# hello\n" + member("  password:\n    $secret: {env: E}\n  note: \"a\"\n"));
        site.environment["E"] = "two";
        const std::string other_text =
            digest(member("  note: a\n  password: {$secret: {env: E}}\n"));
        site.write("x", "one");

        CHECK(first.size() == 64);
        CHECK(laid_out == first);
        CHECK(other_text == first);
        CHECK(digest(member("  note: b\n  password: {$secret: {env: E}}\n")) != first);
        CHECK(digest(member("  note: a\n  password: {$secret: {file: x}}\n")) != first);
        CHECK(digest(member("  note: a\n  password: {$secret: {env: E}}\n"
                            "lifecycle: {preventDestroy: true}\n")) != first);
    }

    TEST_CASE("digest: that of the set follows from its manifests, not from their files")
    {
        ManifestSite site;
        site.write("m.yaml", shelf("a") + shelf("b"));
        const std::string together = site.load().digest;
        site.write("m.yaml", shelf("b"));
        site.write("z/n.yaml", shelf("a"));
        CHECK(site.load().digest == together);
        site.write("z/n.yaml", shelf("c"));
        CHECK(site.load().digest != together);
    }

    TEST_CASE("duplicates: the second place names the first")
    {
        ManifestSite site;
        site.write("a.yaml", shelf("x"));
        site.write("b.yaml",
                   shelf("x", "spec: {edition: \"1\"}\n") + shelf("x", "spec: {edition: \"2\"}\n"));

        const ManifestSet set = site.load();

        CHECK(site.said() ==
              "b.yaml:2:1: error: Shelf/tenant/x@1 is declared twice; it is declared in "
              "a.yaml:2 already: keep one of them\n");
        CHECK(set.manifests.size() == 2);
    }

    TEST_CASE("where the API keeps keys unique in the whole tenant, two projects cannot share one")
    {
        ManifestSite site;
        const std::string in_south =
            "---\napiVersion: library/v1\nkind: Shelf\nmetadata: {name: x, project: south}\n";
        site.write("a.yaml", shelf("x") + shelf("y"));
        site.write("b.yaml", in_south);
        CHECK(site.load().manifests.size() == 3);
        CHECK(site.said() == "");

        for (Kind& kind : site.catalogue.kinds)
            kind.unique_in_tenant = kind.name == "Shelf";

        CHECK(site.load().manifests.size() == 2);
        CHECK(site.said().find("has the key of Shelf/") != std::string::npos);
        CHECK(site.said().find("keep one of them, or give it another name") != std::string::npos);
    }

    TEST_CASE("find: a manifest by its address")
    {
        ManifestSite site;
        site.write("a.yaml", shelf("x") + shelf("b") + shelf("m"));

        const ManifestSet set = site.load();

        REQUIRE(set.find(*Address::parse("Shelf/tenant/m@1")) != nullptr);
        CHECK(set.find(*Address::parse("Shelf/tenant/m@1"))->address.text() == "Shelf/tenant/m@1");
        CHECK(set.find(*Address::parse("Shelf/tenant/n@1")) == nullptr);
    }
}
