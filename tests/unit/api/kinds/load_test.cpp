#include "tests/support/catalogues.hpp"

#include <doctest/doctest.h>

using namespace trueup;
using trueup::test::load_sources;
using trueup::test::load_text;
using trueup::test::with;

namespace {

const std::string shop = R"(api:
  version: shop/v1
  bootstrap:
    shopId: {call: GET /shop, field: id}
---
kind: Item
key: name
schema:
  name: {type: string, required: true}
  price: {type: number, default: 1}
  tags: {type: list, key: name, of: {fields: {name: string, value: string}}}
list: {call: "GET /{shopId}/items", items: items, uid: id}
read: GET /items/{uid}
create: {call: POST /items, uid: id}
facets:
  - {name: whole, fields: [name, price], call: "PUT /items/{uid}"}
children:
  - field: tags
    add: POST /items/{uid}/tags
    change: PATCH /items/{uid}/tags
    remove: DELETE /items/{uid}/tags
delete: DELETE /items/{uid}
)";

struct Mistake {
    std::string from;
    std::string to;
    std::string said; // with file, line and column
};

// Each is one change of the catalogue above, and the only thing that is then wrong with it.
const Mistake mistakes[] = {
    {"key: name",
     "keys: name",
     "shop.yaml:7:1: error: keys: there is no key \"keys\" here; did you mean \"key\"?"},
    {"key: name", "", "shop.yaml:6:1: error: a kind has either a \"key\" or singleton: true"},
    {"key: name", "key: nam", "shop.yaml:7:1: error: key: the schema has no field \"nam\""},
    {"key: name", "key: tags", "\"tags\" is neither a string nor an integer"},
    {"name: {type: string, required: true}",
     "name: {type: string, sensitive: true}",
     "identifies objects, so it cannot be sensitive"},
    {"name: {type: string, required: true}",
     "name: {type: string, default: null}",
     "identifies objects, so its default cannot be null"},
    {"default: 1",
     "sensitiveWhen: isHidden",
     "price: \"sensitiveWhen\" names no boolean beside it"},
    {"kind: Item", "kind: my-item", "is not the name of a kind"},
    {"type: number",
     "type: nubmer",
     "shop.yaml:10:11: error: schema.price.type: there is no type \"nubmer\"; did you mean "
     "\"number\"?"},
    {"default: 1", "default: cheap", "schema.price.default: expected number, found string"},
    {"default: 1", "open: true", "\"open\" is only for objects"},
    {"default: 1", "enum: [a]", "\"enum\" is only for strings"},
    {"default: 1", "refersTo: Item", "\"refersTo\" is only for strings"},
    {"default: 1", "partial: true", "\"partial\" is only for maps"},
    {"default: 1", "normalise: shout", "\"shout\" is not known here"},
    {"default: 1", "required: maybe", "schema.price.required: expected true or false"},
    {"default: 1", "of: string", "\"of\" is only for lists"},
    {"default: 1", "createOnly: true, immutable: true", "choose one"},
    {"default: 1", "writeOnly: true, readFrom: cost", "has no \"readFrom\""},
    {"default: 1", "serverSet: true, required: true", "only the server writes is not required"},
    {"key: name, of", "key: nome, of", "the elements have no plain field \"nome\""},
    {"type: list, key: name, of: {fields: {name: string, value: string}}",
     "type: list",
     "\"of\" is missing"},
    {"key: name, of", "of", "\"tags\" is neither a map nor a list with a key"},
    {"required: true", "required: true, requiered: true", "did you mean \"required\"?"},
    {"read: GET",
     "read: FETCH",
     "shop.yaml:13:1: error: read: \"FETCH /items/{uid}\" is not a method and a path"},
    {"read: GET /items", "read: GET items", "must start with / and hold no query"},
    {"read: GET /items/{uid}",
     "read: GET /items/{uid}?full=1",
     "must start with / and hold no query"},
    {"read: GET /items/{uid}", "read: GET /items/{uid", "the braces in the path"},
    {"read: GET /items/{uid}", "read: GET /items/{id}", "{id} stands for"},
    {"read: GET /items/{uid}", "read: GET /items/{scopeUid}", "{scopeUid} stands for"},
    {"read: GET /items/{uid}", "read: GET /items/{key:price}", "{key:price} stands for"},
    {"{shopId}",
     "{shop}",
     "nothing is known here that {shop} stands for; did you mean \"shopId\"?"},
    {"{shopId}", "{uid}", "{uid} stands for"},
    {"read: GET /items/{uid}", "", "a kind has either \"read\" or readVia: list"},
    {"uid: id}\nread",
     "uid: id, class: raed}\nread",
     "\"raed\" is not known here; did you mean \"read\"?"},
    {"uid: id}\nread", "uid: id, success: 404}\nread", "expected an integer from 200 to 299"},
    {"items: items, uid: id}\nread", "uid: id}\nread", "list: \"items\" is missing"},
    {"uid: id}\nread",
     "uid: id, paging: {style: pages}}\nread",
     "\"pages\" is not known here; did you mean \"page\"?"},
    {"uid: id}\nread",
     "uid: id, paging: {style: page, parameter: p, expired: {statuses: 204}}}\nread",
     "expected an integer from 400 to 599"},
    {"uid: id}\nread", "uid: id, covers: name}\nread", "only for a list that is indexOnly"},
    {"uid: id}\nread", "uid: id, narrow: {q: \"{key:size}\"}}\nread", "{key:size} stands for"},
    {"fields: [name, price]",
     "fields: [name, cost]",
     "facets[0].fields: the schema has no field \"cost\""},
    {"fields: [name, price]",
     "fields: name",
     "no facet writes \"price\", so a change of it could never be made"},
    {"call: \"PUT", "shape: bare, call: \"PUT", "the content of exactly one field"},
    {"call: \"PUT",
     "body: {cost: {$field: cost}}, call: \"PUT",
     "the schema has no field \"cost\""},
    {"call: \"PUT",
     "then: [{call: POST /publish, body: {$field: name}}], call: \"PUT",
     "there is no resource here"},
    {"uid: id}\nread",
     "uid: id, narrowBody: {q: {$field: name}}}\nread",
     "there is no resource here"},
    {"delete: DELETE /items/{uid}", "", "\"delete\" is missing"},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\nuniqueIn: tenant",
     "only for a kind with refusesDuplicates"},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\nrefusesDuplicates: true\nuniqueIn: project",
     "\"project\" is not known here"},
    {"delete: DELETE /items/{uid}",
     "delete: {call: \"DELETE /items/{uid}\", sunset: {replacement: x}}",
     "\"date\" is missing"},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\nsunset: {date: a}\ndeprecated: {date: b}",
     "it is either \"deprecated\" or has a \"sunset\""},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\ngoneWithin: soon",
     "write it as 90s, 15m or 1h30m"},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\nresetTo: {price: 1}",
     "need each other"},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\nscope: project",
     "no kind says isScope: true"},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\nparent: Item",
     "\"parent\" is only for a kind whose objects are in others"},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\ncontainer: true",
     "a container whose content nobody can list"},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\nholds: {Itme: spec.price}",
     "it holds \"Itme\", which is no kind"},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\nholds: {Item: spec.none}",
     "is no field that holds uids"},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\nholds: [Item]",
     "write holds: {Plant: spec.bed}"},
    {"delete: DELETE /items/{uid}",
     "delete: DELETE /items/{uid}\nmark: {map: notes, owner: o, address: a}",
     "is no map of this kind's schema"},
    {"add: POST /items/{uid}/tags", "add: {}", "\"call\" is missing"},
    {"api:\n  version: shop/v1",
     "api:\n  tenant: shop\n  version: shop/v1",
     "the bootstrap has no value \"shop\""},
    {"shopId: {call", "uid: {call", "{uid} stands for something else already"},
    {"  version: shop/v1\n", "", "api: \"version\" is missing"},
};

} // namespace

TEST_SUITE("kinds: load")
{
    TEST_CASE("a catalogue without mistakes loads and says nothing")
    {
        const auto loaded = load_text(shop);

        CHECK(loaded.said() == "");
        const Kind* item = loaded.catalogue.find("Item");
        REQUIRE(item != nullptr);
        CHECK(item->api_version == "shop/v1");
        CHECK(item->list->call.route() == "GET /{shopId}/items");
        CHECK(item->read.call.operation_class == OperationClass::read);
        CHECK(item->create->call.operation_class == OperationClass::create);
        CHECK(item->facets[0].call.operation_class == OperationClass::idempotent);
        CHECK(item->children[0].add.operation_class == OperationClass::create);
        CHECK(item->remove->operation_class == OperationClass::idempotent);
        CHECK(item->schema.find("tags")->order == ListOrder::keyed);
    }

    TEST_CASE("each mistake is an error that says where it is and what is wrong")
    {
        for (const Mistake& mistake : mistakes) {
            CAPTURE(mistake.to);
            const auto loaded = load_text(with(shop, mistake.from, mistake.to));

            CHECK_MESSAGE(loaded.said().find(mistake.said) != std::string::npos,
                          loaded.said(),
                          "lacks ",
                          mistake.said);
            for (const Diagnostic& diagnostic : loaded.diagnostics.all()) {
                CHECK(diagnostic.severity == Severity::error);
                CHECK(diagnostic.file == "shop.yaml");
                CHECK(diagnostic.place.line > 0);
            }
        }
    }

    TEST_CASE("where several kinds are what others live in, each kind says which it is in")
    {
        const auto with_kinds = [](const std::string& parent) {
            std::string text = with(shop, "kind: Item", "kind: Item\nscope: project" + parent);
            text = with(text, "GET /items/{uid}", "GET /in/{scopeUid}/items/{uid}");
            for (const std::string name : {"Shop", "Stall"})
                text +=
                    "---\nkind: " + name +
                    "\nisScope: true\nkey: name\nschema: {name: {type: string, required: true}}\n"
                    "list: {call: GET /" +
                    name +
                    ", items: items, uid: id}\n"
                    "read: GET /" +
                    name + "/{uid}\ncreate: {call: POST /" + name + ", uid: id}\ndelete: DELETE /" +
                    name + "/{uid}\n";
            return load_text(text);
        };

        const auto told = with_kinds("\nparent: Stall");
        CHECK(told.said() == "");
        CHECK(told.catalogue.find("Item")->parent == "Stall");
        CHECK(with_kinds("").said().find("say parent: Shop") != std::string::npos);
        CHECK(with_kinds("\nparent: Stal").said().find("did you mean \"Stall\"?") !=
              std::string::npos);
        CHECK(with_kinds("\nparent: Item").said().find("is no kind with isScope: true") !=
              std::string::npos);
        CHECK(load_text(with(shop, "kind: Item", "kind: Item\nisScope: true\nscope: any"))
                  .said()
                  .find("lives in the tenant, has a list, and one name") != std::string::npos);
    }

    TEST_CASE("what a container holds is in its own scope")
    {
        const std::string text = with(shop,
                                      "delete: DELETE /items/{uid}",
                                      "delete: DELETE /items/{uid}\nholds: {Part: item}") +
                                 "---\nkind: Part\nkey: name\nSCOPE\n"
                                 "schema: {name: {type: string, required: true}, item: {type: "
                                 "string, immutable: true}}\n"
                                 "list: {call: GET /parts, items: items, uid: id}\n"
                                 "read: GET /parts/{uid}\ncreate: {call: POST /parts, uid: id}\n"
                                 "delete: DELETE /parts/{uid}\n";

        const auto beside = load_text(with(text, "SCOPE", "scope: tenant"));
        CHECK(beside.said() == "");
        CHECK(beside.catalogue.find("Item")->container);
        CHECK(load_text(with(text, "SCOPE", "scope: any"))
                  .said()
                  .find("what it holds must be in its own scope") != std::string::npos);
    }

    TEST_CASE("all mistakes are said at once, in the order of the file")
    {
        std::string text = with(shop, "type: number", "type: nubmer");
        text = with(text, "read: GET", "read: FETCH");
        text = with(text, "uid: id}\nfacets", "uid: id, then: [\"POST /x/{y}\"]}\nfacets");

        const auto loaded = load_text(text);

        REQUIRE(loaded.diagnostics.all().size() == 3);
        CHECK(loaded.diagnostics.all()[0].place.line == 10);
        CHECK(loaded.diagnostics.all()[1].place.line == 13);
        CHECK(loaded.diagnostics.all()[2].place.line == 14);
    }

    TEST_CASE("a read that is another kind's write is an error, whatever its parameters are called")
    {
        const std::string other = R"(---
kind: Order
singleton: true
whenDeleted: leave
schema: {total: {type: integer, serverSet: true}}
read: {call: "PUT /items/{shopId}", class: read}
)";

        const auto loaded = load_text(shop + other);

        CHECK(loaded.said().find("Order read is of class read, yet Item facet whole (shop.yaml) "
                                 "changes something by the same call") != std::string::npos);
    }

    TEST_CASE("a POST may be a list, and a facet that only posts may be idempotent")
    {
        const auto loaded = load_text(
            with(shop, "call: \"GET /{shopId}/items\"", "call: POST /items/search, body: {}"));

        CHECK(loaded.said() == "");
        CHECK(loaded.catalogue.find("Item")->list->call.operation_class == OperationClass::read);
    }

    TEST_CASE("an end, of a kind and of a call, and within what keys are unique")
    {
        const auto loaded = load_text(with(shop,
                                           "delete: DELETE /items/{uid}",
                                           "refusesDuplicates: true\nuniqueIn: tenant\n"
                                           "deprecated: {date: 2026-01-01, replacement: Thing}\n"
                                           "delete: {call: \"DELETE /items/{uid}\", sunset: {date: "
                                           "2027-01-01}}"));

        CHECK(loaded.said() == "");
        const Kind& item = *loaded.catalogue.find("Item");
        CHECK(item.unique_in_tenant);
        REQUIRE(item.sunset);
        CHECK(item.sunset->deprecated);
        CHECK(item.sunset->replacement == "Thing");
        REQUIRE(item.remove->sunset);
        CHECK_FALSE(item.remove->sunset->deprecated);
        CHECK(item.remove->sunset->date == "2027-01-01");
        CHECK_FALSE(item.list->call.sunset);
    }

    TEST_CASE("a reference to a kind that does not exist names the nearest one")
    {
        const auto loaded =
            load_text(with(shop, "value: string", "value: {type: string, refersTo: Itme}"));

        CHECK(loaded.said().find("schema.tags.of.fields.value.refersTo: there is no kind \"Itme\"; "
                                 "did you mean \"Item\"?") != std::string::npos);
    }

    TEST_CASE("types: shared, overridden by name, and never inside themselves")
    {
        const std::string types = R"(---
types:
  Tag: {fields: {name: {type: string, required: true}, value: string}}
  Loop: {fields: {next: Loop}}
)";

        const auto loaded = load_text(with(shop,
                                           "of: {fields: {name: string, value: string}}",
                                           "of: {type: Tag, fields: {value: integer}}") +
                                      types);

        CHECK(loaded.diagnostics.all().size() == 1);
        CHECK(loaded.said().find("the type \"Loop\" contains itself") != std::string::npos);
        const Field& tag = loaded.catalogue.find("Item")->schema.find("tags")->element.front();
        CHECK(tag.find("name")->required);
        CHECK(tag.find("value")->type == FieldType::integer);
    }

    TEST_CASE("defaults hold unless the kind says otherwise, or null")
    {
        const std::string defaults = R"(---
defaults:
  list: {paging: {style: page, parameter: p, size: 7, expired: {codes: Gone}}, unchanged: stamp}
  create: {success: 201}
  delete: {success: 204}
  facets: {readModifyWrite: false}
  settle: 3s
  serverSet: [id]
)";

        const auto plain = load_text(shop + defaults);
        const auto changed =
            load_text(with(shop,
                           "uid: id}\nread",
                           "uid: id, paging: null}\nsettle: 9s\nserverSet: null\nread") +
                      defaults);

        CHECK(plain.said() == "");
        const Kind& item = *plain.catalogue.find("Item");
        CHECK(item.list->paging.style == PageStyle::page);
        CHECK(item.list->paging.size == 7);
        CHECK(item.list->paging.expired_statuses == std::vector<int>{410});
        CHECK(item.list->paging.expired_codes == std::vector<std::string>{"Gone"});
        CHECK(item.list->unchanged == Path{{"stamp"}});
        CHECK(item.create->call.success == std::vector<int>{201});
        CHECK(item.remove->success == std::vector<int>{204});
        CHECK_FALSE(item.facets[0].read_modify_write);
        CHECK(item.settle == std::chrono::seconds(3));
        CHECK(item.server_set.size() == 1);
        CHECK(changed.said() == "");
        const Kind& other = *changed.catalogue.find("Item");
        CHECK(other.list->paging.style == PageStyle::none);
        CHECK(other.settle == std::chrono::seconds(9));
        CHECK(other.server_set.empty());
    }

    TEST_CASE("a mistake in the defaults is said once, however many kinds use them")
    {
        const std::string second = with(shop.substr(shop.find("kind: Item")), "Item", "Thing");

        const auto loaded = load_text(shop + "---\n" + second +
                                      "---\ndefaults: {settle: long, list: {itmes: x}}\n");

        CHECK(loaded.diagnostics.all().size() == 2);
        CHECK(loaded.said().find("settle: ") != std::string::npos);
        CHECK(loaded.said().find("did you mean \"items\"?") != std::string::npos);
    }

    TEST_CASE("two kinds of one name in one place are an error, in a later layer the later wins")
    {
        const std::string again =
            with(shop.substr(shop.find("kind: Item")), "/{shopId}/items", "/things");

        const auto same = load_text(shop + "---\n" + again);
        const auto later = load_sources({{"a.yaml", shop, 0}, {"b.yaml", again, 1}});

        CHECK(same.said().find("there is a kind \"Item\" already") != std::string::npos);
        CHECK(later.said() == "");
        CHECK(later.catalogue.find("Item")->list->call.path == "/things");
        CHECK(later.catalogue.kinds.size() == 1);
    }

    TEST_CASE("a layer with an api section begins a catalogue of its own")
    {
        const std::string other = with(shop, "kind: Item", "kind: Thing");

        const auto loaded = load_sources({{"a.yaml", shop, 0}, {"b.yaml", other, 1}});

        CHECK(loaded.said() == "");
        CHECK(loaded.catalogue.names() == std::vector<std::string>{"Thing"});
    }

    TEST_CASE("a singleton has no list, create or delete, and says what deleting means")
    {
        const std::string text = R"(api: {version: shop/v1}
---
kind: Hours
singleton: true
schema: {spec: {fields: {open: integer, close: integer}}}
read: {call: GET /hours, into: spec}
facets:
  - {name: hours, fields: spec, shape: bare, call: POST /hours}
whenDeleted: reset
resetTo: {spec: {open: 8}}
)";

        const auto good = load_text(text);
        const auto unsaid =
            load_text(with(text, "whenDeleted: reset\nresetTo: {spec: {open: 8}}\n", ""));
        const auto misspelt = load_text(with(text, "{open: 8}", "{opne: 8}"));
        const auto deletable = load_text(text + "delete: DELETE /hours\n");

        CHECK(good.said() == "");
        CHECK(good.catalogue.find("Hours")->is_singleton());
        CHECK(unsaid.said().find("a singleton says whenDeleted") != std::string::npos);
        CHECK(misspelt.said().find("shop.yaml:10:18: error: resetTo.spec.opne: there is no field "
                                   "\"opne\"; did you mean \"open\"?") != std::string::npos);
        CHECK(deletable.said().find("a singleton has no \"delete\"") != std::string::npos);
    }

    TEST_CASE("text that is no catalogue is an error, not a crash")
    {
        for (const std::string& text : std::vector<std::string>{
                 "",
                 "a",
                 "[1, 2]",
                 "kind: 7",
                 "kind: X\nlist: 3",
                 "api: []",
                 "api: {rates: 1}",
                 "api: {version: v}\n---\nkind: X\nschema: {a: {type: {}}}\nkey: a",
                 "api: {version: v}\n---\nkind: X\nfacets: {}\nchildren: 1\nabsent: 2"}) {
            CAPTURE(text);
            CHECK(load_text(text).diagnostics.has_errors());
        }
    }
}
