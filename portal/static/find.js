// The finder: answers in the page, from tables that it fetches once somebody enters its first box, or
// at the first search. A place that is typed is looked up here and never sent; an address holds a
// sector at most. Without the tables, the live part is asked, and gets a sector at most.
// It follows the rules of portal/finder step by step: the same query must have the same answer in
// both. All words come from the tables, all markup from the page.
(() => {
  "use strict";
  const form = document.querySelector("form[data-index]");
  if (!form) return;
  const get = (id) => document.getElementById(id);
  const { title } = document;
  const ends = JSON.parse(document.currentScript.dataset.ends);
  const LONGEST_TITLE = 70;
  const here = location.pathname;
  const PAGE = 20;
  const PAUSE = 200; // milliseconds without a letter, after which somebody rests from typing
  const LOW = 110; // pixels: few rows are lower, so that the rows of the first frame fill a screen
  const LONGEST_WAIT = 10000; // milliseconds for the tables, and then for the live part to answer
  const SOON = 1000; // milliseconds after which we say that we are still at it
  const FAR = 1e6;
  const FLAGS = ["room", "together", "free"];
  const SEVERAL = ["day", "part", "need", "welcome", "booking", "access", "language", "offer", "programme"];
  const MILES = ["1", "3", "5", "10", "20", "any"];
  let index, places, postcodes, onGrid, words, written, london;

  // --- tables ---

  const fetched = async (name, kind) => {
    const answer = await fetch(form.dataset[name]);
    if (!answer.ok) throw name;
    return answer[kind]();
  };
  const asked = {};
  const table = (name, open, kind = "json") => asked[name] ??= fetched(name, kind)
    .catch(async () => {
      // The site may have been rebuilt since: the current page has the new file names.
      const now = await (await fetch(here, { cache: "no-cache" })).text();
      const page = new DOMParser().parseFromString(now, "text/html");
      Object.assign(form.dataset, page.querySelector("form[data-index]").dataset);
      return fetched(name, kind);
    })
    .then(open)
    .catch((fault) => {
      delete asked[name];
      throw fault;
    });

  const { keys } = Object;
  const pairs = (numbers) => numbers.flatMap((n, at) => at % 2 ? [] : [[n, numbers[at + 1]]]);
  const marked = (values, bits) => values.filter((_, n) => bits >> n & 1);
  const say = (name, given) => words[name].replace(/{(\w+)}/g, (_, key) => given[key]);
  const joined = (parts) => parts.join(", ").replace(/, ([^,]*)$/, " and $1");

  const openIndex = (made) => {
    const { choices, venues } = made;
    made.times = made.times.map(([starts, ends, said]) => ({
      starts, ends, said, part: starts < 720 ? "morning" : starts < 1020 ? "afternoon" : "evening",
    }));
    let n = -1;
    let at = 0;
    const slugs = made.slugs.split(" ");
    const programmes = made.programmes.map(([slug, , offer, needs]) => ({
      programme: [slug],
      offer: [keys(choices.offer)[offer]],
      need: marked(keys(choices.need), needs),
    }));
    choices.programme = Object.fromEntries(made.programmes);
    made.venues = venues.names.map((name, v) => ({
      name,
      at: [venues.at[2 * v] * 0.0001, venues.at[2 * v + 1] * 0.0001],
      about: venues.about.includes(v),
      nowhere: venues.nowhere.includes(v),
      district: venues.district[v],
      had: marked(keys(choices.access), venues.facilities[v]),
    }));
    made.series = made.centres.flatMap((centre, c) => Array.from({ length: made.counts[c] }, () => {
      n += 1;
      at += made.venue[n];
      const sessions = [];
      const usual = { time: made.times[made.time[n]], venue: made.venues[at] };
      const meet = (day, at, venue, planned = day) => {
        const time = made.times[at];
        const start = day * 1440 + time.starts;
        sessions.push({ day, time, start, venue: made.venues[venue], planned });
      };
      if (made.run[n] >= 0) {
        let [day, pattern] = made.runs[made.run[n]];
        meet(day, made.time[n], at);
        pairs(made.patterns[pattern]).forEach(([gap, many]) => {
          while (many--) meet(day += gap, made.time[n], at);
        });
      }
      const extra = [...made.extra[n] || []];
      while (extra.length) meet(...extra.splice(0, 4));
      const [ages, reach, ...ranges] = made.ages[made.age[n]];
      return {
        ...programmes[made.programme[n]],
        identity: `${centre}/${slugs[n]}`,
        name: made.names[made.name[n]],
        ages,
        reach,
        ranges: pairs(ranges),
        cost: made.costs[made.cost[n]],
        booking: [keys(choices.booking)[made.way[n]]],
        welcome: marked(keys(choices.welcome), made.welcome[n]),
        states: made.states[made.state[n]],
        language: [made.languages[made.language[n]][0]],
        spoken: made.languages[made.language[n]][1],
        usual,
        sessions: sessions.sort((a, b) => a.start - b.start),
      };
    }));
    index = made;
    words = made.words;
    london = new Intl.DateTimeFormat("en-GB", {
      timeZone: "Europe/London", dateStyle: "short", timeStyle: "short",
    });
    written = {};
    keys(made.written).forEach((name) => { written[name] = RegExp(made.written[name], "g"); });
  };

  const tidy = (text) => text.replace(written.space, " ").replace(/^ | $/g, "");
  const match = (name, text) => [...text.matchAll(written[name])][0];
  const own = (table, key) => Object.hasOwn(table, key) ? table[key] : undefined;
  const plain = (text) => text.normalize("NFKD").replace(written.marks, "").toLowerCase()
    .replace(/&/g, " and ").replace(/[^a-z0-9]+/g, " ").replace(/^ | $/g, "");
  const fold = (text) => plain(text).replace(/\w+/g, (word) => own(index.short, word) ?? word);
  const cut = (name, text) => text.replace(written[name], "");

  const openPlaces = (made) => {
    made.areas.forEach(([outcode, up, across, ...sectors]) => {
      made.areas[outcode] = [up * 0.001, across * 0.001];
      while (sectors.length) {
        const [figure, more, further] = sectors.splice(0, 3);
        made.areas[`${outcode} ${figure}`] = [(up + more) * 0.001, (across + further) * 0.001];
      }
    });
    places = made;
    made.beyond = made.names.length - made.outside.length;
  };
  const suggest = () => {
    if (get("places").firstChild) return;
    const topics = places.topics.flatMap(([, title, , , , also]) => [title, ...also]);
    get("places").append(...[...new Set([...places.names.slice(0, places.beyond), ...topics])]
      .map((name) => new Option(name, name)));
  };

  // Exact postcodes: a line that says where each sector is, then steps in few bits.
  const openPostcodes = (data) => {
    const bytes = new Uint8Array(data);
    const end = bytes.indexOf(10);
    const { first, step, sectors } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
    // Cut short on the way, it would be read for ever.
    const bits = keys(sectors).reduce((sum, code) => sum + sectors[code], 0);
    if (bytes.length * 8 < (end + 1) * 8 + bits) throw Error(bits);
    postcodes = (sector) => {
      if (!sectors[sector]) return [];
      let at = (end + 1) * 8;
      keys(sectors).some((code) => {
        if (code === sector) return true;
        at += sectors[code] * 8;
      });
      const take = (count, number = 0) => {
        for (; count; count -= 1, at += 1) number = number * 2 + (bytes[at >> 3] >> (7 - at & 7) & 1);
        return number;
      };
      const golomb = (order) => {
        let zeros = 0;
        while (!take(1)) zeros += 1;
        return take(zeros + order, 1) - (1 << order);
      };
      const signed = (number) => number & 1 ? -(number + 1 >> 1) : number >> 1;
      const count = golomb(7);
      let [unit, up, across] = [-1, golomb(9), golomb(9)];
      const orders = [take(3), take(3), take(3)];
      return Array.from({ length: count }, () => [unit += golomb(orders[0]) + 1,
        up += signed(golomb(orders[1])), across += signed(golomb(orders[2]))]);
    };
    onGrid = ([up, across]) => [first[0] + up * step[0], first[1] + across * step[1]];
  };

  // --- where is that? ---

  const wrong = (field, said, given, meant = []) => ({ field, words: say(said, given), meant });
  // Where somebody is stays in this variable, for as long as the question names the same sector.
  let known = {};
  const area = (outcode, figure, letters) => {
    const key = `${outcode} ${figure}`;
    const [one, ...grid] = places.elsewhere[outcode] || [];
    const council = places.areas[key] ? undefined : places.councils[one];
    const units = figure && postcodes ? postcodes(key) : [];
    const alphabet = "ABDEFGHJLNPQRSTUWXYZ";
    const exact = letters && units.find(([unit]) =>
      alphabet[Math.floor(unit / 20)] + alphabet[unit % 20] === letters);
    if (exact) return { key, at: onGrid(exact.slice(1)), council };
    const mean = (n) => units.reduce((sum, unit) => sum + unit[n], 0) / units.length;
    const middle = figure && (places.areas[key] || (units[0] && onGrid([mean(1), mean(2)])));
    if (middle) return { key, at: middle, about: true, council };
    const known = places.areas[outcode];
    if (grid[0] && (figure || !known)) {
      // The exact postcodes may say more when they arrive.
      const at = grid.map((n) => n * 0.001);
      return { key: figure ? key : outcode, at, about: true, council, rough: true };
    }
    return known ? { key: outcode, at: known, about: true }
      : wrong("near", match("areas", outcode) ? "e-outside" : "e-postcode");
  };
  const slips = (a, b, most) => {
    let before;
    let row = Array.from({ length: b.length + 1 }, (_, n) => n);
    for (let i = 1; i <= a.length && Math.min(...row) <= most; i += 1) {
      const last = row;
      row = [i];
      for (let j = 1; j <= b.length; j += 1) {
        row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] !== b[j - 1]),
          i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2] + 1 : FAR);
      }
      before = last;
    }
    return row[b.length] ?? FAR;
  };
  const similar = (given, names, loose) => {
    const wanted = fold(given);
    const size = wanted.length;
    const ranked = (most, begun) => names
      .map((name, n) => {
        const off = slips(wanted, name, most);
        return [begun && name.startsWith(wanted) ? Math.min(off, 1) : off > most ? FAR : off, n];
      })
      .filter(([off]) => off < FAR);
    const most = size < 4 ? 0 : size < 6 ? 1 : 2;
    const third = Math.floor(size / 3);
    let found = ranked(most, size > 2);
    if (!found[0] && loose && most < third && size < 25) found = ranked(third);
    return found.sort((a, b) => a[0] - b[0]).slice(0, 5).map(([, n]) => n);
  };

  // What may be typed: the names of places by their keys, and topics, as `reading.py` has them.
  const split = (text) => plain(text).split(" ").filter(Boolean);
  const stem = (word) => {
    const one = word.replace(/^(..+[^s])s$/, "$1");
    return own(index.forms, one) ?? own(index.short, one) ?? one;
  };
  const telling = (word) => !match("noise", stem(word));
  const keyOf = (text) => text.filter(telling).map(stem).join(" ");
  const trimmed = (text) => {
    const those = text.map(telling);
    return text.slice(those.indexOf(true), those.lastIndexOf(true) + 1);
  };
  const digest = (text) => [...text]
    .reduce((sum, letter) => Math.imul(sum ^ letter.charCodeAt(), 16777619), 2166136261) >>> 0;
  let box;
  const openBox = () => {
    const put = (table, key, value) => (table[key] ??= []).push(value);
    const [keys, rows, said, exact] = [{}, {}, {}, {}].map(() => Object.create(null));
    const bare = places.names.map((name) => fold(name.split(" (")[0]));
    bare.forEach((name, n) => put(keys, name, n));
    const key = (text) => keyOf(split(text));
    const pages = places.topics.map(([path, title, how, tell, slugs, also]) =>
      ({ path, words: title, how, tell, slugs, all: [title, ...also], key: key(title) }));
    pages.forEach((page) => new Set(page.all.map(key)).forEach((one) => put(rows, one, page)));
    [...pages.map(({ words }) => words), ...pages.flatMap(({ all }) => all)].forEach((phrase) => {
      said[key(phrase)] ??= phrase;
      exact[fold(phrase)] ??= phrase;
    });
    const phrases = Object.values(said);
    const [away, digests, longest] = places.private;
    box = {
      bare,
      pages,
      rows,
      said,
      exact,
      phrases,
      folded: phrases.map(fold),
      names: index.names.map((name) => [name, ` ${key(name)} `]),
      keys: Object.assign(keys, places.keys),
      away,
      digests: new Set(digests),
      longest,
    };
  };
  const where = (near, large) => {
    const spaced = tidy(near.toUpperCase().replace(/[^A-Z0-9]+/g, " "));
    const compact = spaced.replace(/ /g, "");
    if (spaced === known.key && !known.rough) return known;
    const whole = match("whole", compact);
    if (whole) return area(whole[1], whole[2].replace("O", "0"), whole[3]);
    let part = match("part", spaced);
    if (part && !part[2] && !places.areas[part[1]] && !places.elsewhere[part[1]]) {
      part = match("part", compact.replace(/.$/, " $&")) || part;
    }
    if (part) return area(part[1], part[2]?.[0] || "", "");
    const forms = [near, near.split(",")[0]].flatMap((text) => {
      const wanted = fold(text);
      const county = cut("county", wanted);
      const core = tidy(cut("kinds", wanted));
      return [wanted, county, wanted.replace(/^the /, ""), core && `${core} centre`,
        cut("seaside", county)];
    });
    const those = (box.keys[forms.find((form) => form && box.keys[form])] || [])
      .filter((n) => !large || n < places.peopled || n >= places.towns);
    const [n] = those;
    if (those[1]) {
      return wrong("near", "e-which", { near }, [...new Set(those.map((one) => places.names[one]))]);
    }
    return those.length ? {
      key: places.names[n],
      at: [places.at[2 * n] * 0.001, places.at[2 * n + 1] * 0.001],
      about: places.about.includes(n),
      district: places.districts[n - places.towns],
      council: places.councils[places.outside[n - places.beyond]],
      centre: places.centres[n - places.towns - places.districts.length],
    } : undefined;
  };
  const topicOf = (text) => {
    const key = keyOf(text);
    const names = key ? box.names.filter(([, said]) => said.includes(` ${key} `)) : [];
    const exact = (page) => page.key === key;
    const pages = [...(key && box.rows[key]) || []].sort((a, b) => exact(b) - exact(a));
    if (!pages[0] && !names[0]) return undefined;
    const narrow = pages.filter(({ path }) => !path.startsWith("/help/"));
    const meant = narrow[0] ? narrow : pages;
    const byName = names[0] && key.includes(" ") && !(pages[0] && exact(pages[0]));
    return {
      words: box.exact[fold(text.join(" "))] ?? box.said[key] ?? trimmed(text).join(" "),
      pages,
      slugs: byName ? [] : meant.flatMap(({ slugs }) => slugs.split(" ")),
      names: names.map(([name]) => name),
    };
  };
  const placeIn = (text, whole) => {
    let found = whole && text[0] && where(text.join(" "));
    if (found) return [found, []];
    let rest = text;
    for (let n = text.length - 1; n > 0 && !found; n -= 1) {
      [[text.slice(-n), text.slice(0, -n)], [text.slice(0, n), text.slice(n)]].some(([part, other]) => {
        found = where(part.join(" "), true);
        if (found) rest = trimmed(other);
        return found;
      });
    }
    return [found || undefined, rest];
  };
  const placesLike = (wanted, loose) =>
    [...new Set(similar(wanted, box.bare, loose).map((n) => places.names[n]))];
  const topicsLike = (wanted, loose) => similar(wanted, box.folded, loose).map((n) => box.phrases[n]);
  const like = (wanted, loose) => [...placesLike(wanted, loose), ...topicsLike(wanted, loose)];
  const unknown = (near, meant) => {
    const names = [...new Set(meant)].slice(0, 5);
    return { ...wrong("near", names[0] ? "e-near" : "e-unknown", { near }, names), ask: true };
  };
  const about = (topic, first, said, last) => {
    let [before, after] = [trimmed(first), trimmed(last)];
    let [place, rest] = placeIn(after, true);
    if (place) after = rest;
    else {
      [place, rest] = placeIn(before, true);
      if (place) before = rest;
    }
    const left = [...before, ...after].join(" ");
    const both = (name) => `${topic.words} ${name}`;
    if (place?.field) return { ...place, meant: place.meant.map(both) };
    if (left) {
      const wanted = [...before, ...said, ...after].join(" ");
      const meant = topicsLike(wanted).map((phrase) => place ? `${phrase} ${place.key}` : phrase);
      if (meant[0]) return unknown(wanted, meant);
      const near = place ? [] : placesLike(left);
      if (near[0]) return unknown(left, near.map(both));
    }
    return { place, topic, left };
  };
  const spansOf = (said) => {
    const spans = [];
    for (let size = said.length; size; size -= 1) {
      for (let n = 0; n + size <= said.length; n += 1) {
        spans.push([said.slice(n, n + size), said.slice(0, n), said.slice(n + size)]);
      }
    }
    return spans;
  };
  // The words without those that name filters, as "wheelchair" does, and the filters.
  const withoutFilters = (said) => {
    for (const [those, before, after] of spansOf(said)) {
      const filter = telling(those[0]) && telling(those.at(-1)) && own(places.filters, keyOf(those));
      if (filter) {
        const [rest, more] = withoutFilters([...before, ...after]);
        return [rest, [filter, ...more]];
      }
    }
    return [said, []];
  };
  const found = (near) => {
    const said = split(near);
    const stems = said.map(stem);
    if (stems.some((_, n) => stems.slice(n, n + box.longest).some((_, more) =>
      box.digests.has(digest(stems.slice(n, n + more + 1).join(" ")))))) return { away: box.away };
    if ([...near].length > 100) return wrong("near", "e-long");
    const exact = where(near);
    if (exact) return exact.field ? exact : { place: exact };
    const [rest, filters] = withoutFilters(said);
    if (filters[0]) return { ...rest.some(telling) && found(rest.join(" ")), filters };
    const broad = ([those]) => !!match("broad", keyOf(those));
    for (const [those, before, after] of spansOf(said).sort((a, b) => broad(a) - broad(b))) {
      const topic = topicOf(those);
      if (topic) return about(topic, before, those, after);
    }
    const compact = near.toUpperCase().replace(/[^A-Z0-9]+/g, "");
    if (compact.length < 8 && match("cut", compact)) return wrong("near", "e-half");
    const [place, others] = placeIn(said);
    const left = others.join(" ");
    if (place?.field) return place;
    if (place) {
      const meant = topicsLike(left).map((phrase) => `${phrase} ${place.key}`);
      return meant[0] ? unknown(left, meant) : { place, left };
    }
    if (!said[0]) return wrong("near", "e-empty");
    const whole = like(said.join(" "), true);
    return unknown(near, whole[0] ? whole : said.filter((word) => word.length > 3 && telling(word))
      .slice(0, 5).flatMap((word) => like(word)));
  };

  // --- the question ---

  const weeks = (number) => Math.floor(number * 12 / 52);
  const aged = (low, high, unit) => {
    const label = `${low < high ? `${low} to ${high}` : low} ${unit}${low === 1 && high === 1 ? "" : "s"}`;
    const years = unit === "year" && label.replace(/ y.*/, "");
    return {
      span: years ? [low * 12, high * 12 + 12] : unit === "week" ? [weeks(low), weeks(high) + 1]
        : [low, high + 1],
      key: (years || label).replace(" to ", "-"),
      label,
      years,
    };
  };
  const age = (text) => {
    const said = tidy(tidy(text.toLowerCase()).replace(/ old$/, ""));
    const word = fold(said);
    const key = Object.hasOwn(index.ageWords, word) && index.ageWords[word];
    if (key) return { span: index.bands[key], key, label: index.bands[key][2] };
    const mixed = match("mixed", said);
    const months = mixed && mixed[1] * 12 + +mixed[2];
    if (mixed) return aged(months, months, "month");
    const years = match("half", said)?.[1];
    if (years) return { span: [years * 12 + 6, years * 12 + 7], key: `${+years}.5`, label: `${+years}½ years` };
    const number = match("age", said);
    const low = +number?.[1];
    const high = +(number?.[2] || low);
    if (high >= low) return aged(low, high, { w: "week", m: "month", y: "year" }[number[3]?.[0] || "y"]);
  };
  const read = (fields) => {
    const mistakes = [];
    const note = (...given) => mistakes.push(wrong(...given));
    const all = (name) => fields[name] || [];
    const given = (name) => all(name).map((value) => tidy(value).toLowerCase()).filter(Boolean);
    const of = (name, values) => {
      if (given(name).some((value) => !values.includes(value))) {
        note(name, "e-choose", { what: words[`what-${name}`] });
      }
      return values.filter((value) => given(name).includes(value));
    };
    const one = (name, values) => of(name, values) && values.find((value) => value === given(name)[0]);
    const typed = ["topic", "near"].map((name) => all(name)[0] || "");
    const query = { near: tidy(typed.join(" ")), age: [] };

    const text = all("age").join(",");
    const said = text.split(written.ages).map(tidy).filter(Boolean);
    const ages = said.map(age);
    if (said.length > 8 || text.length > 200) note("age", "e-ages");
    else if (ages.includes(undefined)) note("age", "e-age");
    else if (ages.some((those) => those.span[1] > 312)) note("age", "e-old");
    else query.age = [...new Map(ages.map((those) => [those.key, those])).values()];

    FLAGS.forEach((name) => { query[name] = one(name, ["yes", "no"]) === "yes"; });
    const terms = of("term", keys(index.choices.term));
    if (terms[1]) note("term", "e-both");
    query.term = terms[1] ? "" : terms[0] || "";
    query.on = one("on", keys(index.choices.on)) || "";
    query.miles = one("miles", MILES) || "";
    if (!query.near && !["", "any"].includes(query.miles)) {
      note("near", query.miles === "1" ? "e-mile" : "e-miles", { n: query.miles });
    }
    query.order = one("order", ["nearest", "soonest"]) === "soonest" ? "soonest" : "";
    const shown = /^[0-9]{1,4}$/.test(all("show")[0]) ? Math.ceil(all("show")[0] / PAGE) : 1;
    query.show = Math.max(1, shown) * PAGE;
    SEVERAL.forEach((name) => { query[name] = of(name, keys(index.choices[name])); });
    return [query, mistakes];
  };
  const without = (query, name, value) => {
    const rest = { ...query, show: PAGE };
    if (name === "near") return { ...rest, near: "", miles: "", order: "" };
    if (name === "miles") return { ...rest, miles: "any" };
    const now = query[name];
    const left = Array.isArray(now) && now.filter((one) => value && one !== value);
    return { ...rest, [name]: left || (["on", "term"].includes(name) ? "" : false) };
  };
  const address = (query) => {
    const said = new URLSearchParams();
    const add = (name, value) => said.append(name, value);
    if (query.near) add("near", query.near);
    if (query.topic) add("topic", query.topic.words);
    query.age.forEach(({ key }) => add("age", key));
    FLAGS.forEach((name) => query[name] && add(name, "yes"));
    SEVERAL.forEach((name) => query[name].forEach((value) => add(name, value)));
    ["on", "term"].forEach((name) => query[name] && add(name, query[name]));
    if (query.near && query.miles) add("miles", query.miles);
    if (query.order) add("order", query.order);
    if (query.show !== PAGE || !`${said}`) add("show", query.show);
    return `${said}`;
  };

  // --- the answer ---

  const distance = (a, b) => {
    const degree = Math.PI / 180;
    const [south, north] = [a[0] * degree, b[0] * degree];
    const up = Math.sin((north - south) / 2);
    const across = Math.sin((b[1] - a[1]) * degree / 2);
    const chord = up * up + Math.cos(south) * Math.cos(north) * across * across;
    return 2 * 3958.76 * Math.asin(Math.min(1, Math.sqrt(chord)));
  };
  const present = () => {
    const part = {};
    london.formatToParts().forEach(({ type, value }) => { part[type] = +value; });
    const today = Date.UTC(part.year, part.month - 1, part.day);
    return [(today - Date.parse(index.first)) / 864e5, part.hour * 60 + part.minute];
  };
  const agesWords = (all) => {
    const ages = all.map(({ label }) => label).join(", ");
    if (!all.every(({ years }) => years)) return all[1] ? say("children", { n: all.length, ages }) : ages;
    const n = joined(all.map(({ years }) => years));
    return say(/^\d+$/.test(n) ? "age" : "ages", { n });
  };
  const milesWords = (tenths, about) => {
    const n = Math.floor((tenths + 5) / 10);
    if (about) return say(["about-none", "about-one"][n] || "about", { n });
    if (tenths < 100 && tenths % 10) return say("miles", { n: tenths / 10 });
    return say(tenths ? tenths === 10 ? "miles-one" : "miles" : "miles-none", { n });
  };

  const dated = (day) => new Date(Date.parse(index.first) + day * 864e5).toISOString().slice(0, 10);
  const answered = (query, place, live) => {
    const [today, minute] = present();
    const now = today * 1440 + minute;
    const tag = ({ states: [begun, first, ...later] }, { start }) => index.tags[
      begun >= 0 && start <= now ? begun
        : pairs(later).reduce((tag, [change, then]) => change <= now ? then : tag, first)];
    const roomy = (series, session) => {
      const one = live?.[series.identity];
      return tag(series, session)[2] && (one?.left ?? one?.sessions?.[dated(session.planned)]) !== 0;
    };
    const whole = place?.district !== undefined;
    index.venues.forEach((venue) => {
      venue.away = !place || venue.nowhere ? FAR : Math.floor(distance(place.at, venue.at) * 10 + 0.5);
      venue.loose = place?.about || venue.about;
      venue.shown = venue.loose ? Math.floor((venue.away + 5) / 10) * 10 : venue.away;
    });
    const days = keys(index.choices.day);
    const terms = pairs(index.terms);
    const inTerm = (day) => terms.some(([first, last]) => first <= day && day <= last);

    const monday = today - today % 7;
    const spans = {
      today: [today, today],
      tomorrow: [today + 1, today + 1],
      weekend: [monday + 5, monday + 6],
      "next-week": [monday + 7, monday + 13],
    };
    const sieve = (asking) => {
      const [from, until] = spans[asking.on] || [0, FAR];
      const limit = !place || !asking.near || asking.miles === "any" ? FAR : asking.miles * 10;
      const any = (name, values) => !asking[name].length || asking[name].some((v) => values.includes(v));
      const all = (name, values) => asking[name].every((v) => values.includes(v));
      const dayFits = Array.from({ length: index.last + 1 }, (_, day) =>
        from <= day && day <= until && any("day", [days[day % 7], day % 7 > 4 && "weekend"])
        && (!asking.term || asking.term === (inTerm(day) ? "term" : day <= index.known && "holidays")));
      index.venues.forEach((venue) => {
        venue.fits = all("access", venue.had)
          && (whole && asking.near ? venue.district === place.district : venue.away <= limit);
      });
      const welcome = ({ ranges, reach }) => ({ span: [from, to] }) => !ranges.length
        || ranges.some(([first, end]) => from < end && first < to)
        || (asking.need.includes("send") && reach
          && from >= Math.max(...ranges.map(([, end]) => end)) && from < (reach + 1) * 12);
      index.times.forEach((time) => { time.fits = any("part", [time.part]); });
      const asked = ["need", "booking", "language", "offer", "programme"].filter((n) => asking[n][0]);
      const { topic } = asking;
      const suits = (series) => asked.every((name) => any(name, series[name]))
        && (!topic || topic.names.includes(series.name) || topic.slugs.includes(series.programme[0]))
        && all("welcome", series.welcome)
        && (!asking.free || /^free/i.test(series.cost))
        && (!asking.age.length || asking.age[asking.together ? "every" : "some"](welcome(series)));
      const held = ({ day, time, venue }) => dayFits[day] && time.fits && venue.fits
        && (day > today || (day === today && time.ends > minute));
      return index.series.filter((series) => {
        series.fit = suits(series) ? series.sessions.filter((session) =>
          held(session) && (!asking.room || roomy(series, session))) : [];
        return series.fit[0];
      });
    };

    // How far the search goes, what it finds there, and how much is near: see `_matching`.
    const matching = (asking) => {
      if (!place || whole || asking.miles || !asking.near) return [asking.miles, sieve(asking)];
      let [reached] = index.wider;
      const near = sieve({ ...asking, miles: reached }).length;
      let most = near;
      index.wider.slice(1).some((miles) => {
        if (most >= index.few) return true;
        const n = sieve({ ...asking, miles }).length;
        if (n > most) [most, reached] = [n, miles];
      });
      if (!most) reached = "any";
      return [reached, sieve({ ...asking, miles: reached }), near];
    };

    const before = (a, b) => a < b ? -1 : a > b;
    const nearer = (a, b) => a.fit[0].venue.shown - b.fit[0].venue.shown;
    const sooner = (a, b) => a.fit[0].start - b.fit[0].start;
    const sorted = (those) => those.sort((a, b) => (!query.order && nearer(a, b)) || sooner(a, b)
      || nearer(a, b) || before(a.name, b.name) || before(a.identity, b.identity));
    const [reached, fits, near] = matching(query);
    sorted(fits);
    const total = fits.length;
    const figures = (number) => number.toLocaleString("en-GB");

    const when = (name, at, clock) => {
      const date = new Date(Date.parse(index.first) + at * 864e5);
      return say(name, {
        weekday: index.weekdays[(date.getUTCDay() + 6) % 7],
        day: date.getUTCDate(),
        month: index.months[date.getUTCMonth()],
        year: date.getUTCFullYear(),
        times: clock.said,
      });
    };
    const next = ({ day, time }) => when(day - today > 300 ? "when-year" : "when", day, time);

    const rows = fits.slice(0, query.show).map((series) => {
      const [{ day, time, venue, planned }] = series.fit;
      const { usual } = series;
      const [colour, state] = tag(series, series.fit[0]);
      const others = series.fit.length - 1;
      const moved = day !== planned ? "moved" : time !== usual.time && "moved-time";
      return {
        identity: series.identity,
        planned: dated(planned),
        colour,
        state,
        name: series.name,
        when: next(series.fit[0]),
        more: others ? say(others > 1 ? "more" : "more-one", { n: others }) : "",
        where: venue.away < FAR ? say("where", {
          venue: venue.name, miles: milesWords(venue.away, venue.loose),
        }) : venue.name,
        change: [
          ...moved ? [when(moved, planned, usual.time)] : [],
          ...venue !== usual.venue ? [words.elsewhere] : [],
        ].join(" "),
        ages: series.ages,
        cost: series.cost,
        spoken: series.spoken,
        access: index.marks.filter((name) => venue.had.includes(name)),
      };
    });

    const notes = [];
    const [usual] = index.wider;
    const closest = Math.min(...fits.map(({ fit: [{ venue }] }) => venue.away));
    const far = total && closest > usual * 10 && closest < FAR;
    const count = near || total;
    if (place?.council) {
      const { key, council, about } = place;
      notes.push(say("outside", { place: key, council }));
      if (total) notes.push(words.nearest + (about ? ` ${say("rough", { place: key })}` : ""));
    } else if (near !== undefined && reached !== usual) {
      const far = say(reached === "any" ? "far-any" : "far", { miles: reached });
      notes.push(say(near ? near > 1 ? "wider" : "wider-one" : "wider-no", { n: near, usual, far }));
    }

    const chosen = [];
    const choose = (said, name, value) => chosen.push([said, address(without(query, name, value))]);
    const { topic } = query;
    if (place) {
      choose(say(whole ? "f-in" : "f-near", { place: place.key }), "near");
      if (!whole && reached !== "any") {
        choose(say(reached === "1" ? "f-mile" : "f-miles", { n: reached }), "miles");
      }
    }
    query.age.forEach((one) => choose(one.label[0].toUpperCase() + one.label.slice(1), "age", one));
    const first = chosen.length;
    FLAGS.forEach((name) => name !== "room" && query[name] && choose(words[`f-${name}`], name));
    SEVERAL.forEach((name) => query[name].forEach((value) =>
      choose(index.choices[name][value], name, value)));
    if (query.term) choose(index.choices.term[query.term], "term");
    const about = topic ? [say("f-topic", { topic: topic.words })] : [];
    const asked = [
      ...place ? [chosen[0][0]] : [],
      ...about,
      ...query.age.length ? [agesWords(query.age)] : [],
      ...place && !whole && /\d/.test(query.miles) ? [chosen[1][0]] : [],
      ...chosen.slice(first).map(([said]) => said),
    ].join(", ");
    chosen.unshift(...about.map((said) => [said, address(without(query, "topic"))]));

    const press = (said, on, change) => [said, address({ ...query, show: PAGE, ...change }), on];
    const quick = [
      ...keys(index.choices.on).map((on) => press(index.choices.on[on], on === query.on,
        { on: on === query.on ? "" : on })),
      press(words["f-room"], query.room, { room: !query.room }),
    ];

    const loosened = [];
    const loosen = (name, asking, miles) => {
      const n = matching(asking)[1].length;
      if (n) loosened.push([say(name, { n: figures(n), miles }), address(asking)]);
      return n;
    };
    if (!total) {
      if (whole) loosen("l-near", without(query, "near"));
      else if (place) {
        MILES.slice(MILES.indexOf(query.miles || "any") + 1).some((miles) =>
          loosen(miles === "any" ? "l-miles-any" : "l-miles", { ...query, miles }, miles));
      }
      ["topic", "age", ...FLAGS, ...SEVERAL, "on", "term"].forEach((name) => {
        if (query[name]?.length ?? query[name]) loosen(`l-${name}`, without(query, name));
      });
      if (!loosened.length) loosen("l-all", read({})[0]);
    }

    // Pages that answer the words; and if nothing is found, how far the next one is.
    const pages = [...new Set([...topic ? topic.pages : [], ...box.pages.filter(({ path }) =>
      query.programme.some((slug) => path === `/programmes/${slug}/`))])];
    const doors = [
      ...place?.centre ? [{ words: place.key, path: `/centres/${place.centre}/`, how: "" }] : [],
      ...pages.filter(({ path }) => path).map((page) => total ? { ...page, how: "" } : page),
    ].slice(0, total ? 2 : 4);
    const tell = [];
    let nearest = "";
    if (!total && (topic || query.programme[0])) {
      const asked = new URLSearchParams();
      if (query.near) asked.append("near", query.near);
      query.age.forEach(({ key }) => asked.append("age", key));
      pages.filter((page) => page.tell).slice(0, 4).forEach(({ words: title, slugs }) => tell.push({
        words: say("tell", { title }), path: `/tell/${slugs}${`${asked}` && "?"}${asked}`, how: "",
      }));
      const { programme, near } = query;
      const asking = { ...read({})[0], near, topic, programme, miles: "any" };
      const [first] = sorted(matching(asking)[1]);
      const { venue } = first?.fit[0] || {};
      nearest = first ? say(venue.away < FAR ? "next-away" : "next-at", {
        miles: milesWords(venue.away, venue.loose), venue: venue.name, when: next(first.fit[0]),
      }) : words["next-none"];
    }
    return {
      doors,
      tell,
      nearest,
      heading: say(count ? count > 1 ? "many" : "one" : "no", { n: figures(count) })
        + (topic ? say("on", { topic: topic.words }) : "")
        + (query.on && words[`on-${query.on}`])
        + (place && !far ? say(whole ? "in" : "near", { place: place.key }) : "")
        + (query.age.length ? say("for", { ages: agesWords(query.age) }) : "")
        + (far ? say("none-near", { place: place.key, usual }) : ""),
      asked: asked ? asked[0].toUpperCase() + asked.slice(1) : words["f-all"],
      quick,
      notes,
      rows,
      chosen,
      loosened,
      further: total > query.show ? [[say("next", { n: Math.min(total - query.show, PAGE) }),
        address({ ...query, show: query.show + PAGE })]] : [],
    };
  };

  // --- the page ---

  // A copy of a template, its gaps filled.
  const copy = (name, given) => {
    const made = document.importNode(get(name).content.firstElementChild, true);
    made.querySelectorAll("[data-f]").forEach((gap) => { gap.textContent = given[gap.dataset.f]; });
    return made;
  };
  const show = (id, parts) => {
    get(id).replaceChildren(...parts);
    get(id).hidden = !parts.length;
  };
  const linked = (id, those) => those.map(([said, query, on]) => {
    const made = copy(`${id}-one`, { words: said });
    const link = made.querySelector("a");
    link.href = `${here}?${query}`;
    if (on) link.ariaCurrent = "true";
    return made;
  });
  const doorways = (those, base = "") => those.map((one) => {
    const made = copy("doors-one", one);
    made.querySelector("a").href = base + one.path;
    return made;
  });
  // The form folds to one line while there is a list.
  const foldAway = (asked) => {
    get("asked").open = !asked;
    get("summary").textContent = asked;
    get("summary").parentNode.hidden = !asked;
    document.querySelector("h1").classList.toggle("hidden", asked);
  };
  // A title, with the ending that there is room for (`Frame.title`).
  const titled = (words, start = "") => {
    const room = LONGEST_TITLE - start.length;
    const end = ends.find((one) => words.length + one.length <= room);
    return start + (end === undefined ? `${words.slice(0, room - 1).replace(/ ?[^ ]*$/, "")}…` : words + end);
  };
  // The drawing of the legend, with its words.
  const marks = {};
  const mark = (name) => {
    if (!marks[name]) {
      const said = `${index.choices.access[name]}.`;
      marks[name] = copy("drawn", { words: said });
      marks[name].title = said;
      marks[name].prepend(get("legend").querySelector(`[data-mark=${name}]`).firstChild.cloneNode(true));
    }
    return marks[name].cloneNode(true);
  };
  const row = (one) => {
    const made = copy("row", one);
    made.querySelector("a").href = `/sessions/${one.identity}/`;
    made.querySelector(".marks").append(...one.access.flatMap((name) => [mark(name), " "]),
      one.access[0] ? "" : words["no-access"]);
    if (one.colour) made.querySelector(".tag").classList.add(one.colour);
    Object.assign(made.dataset, { series: one.identity, planned: one.planned });
    return made;
  };
  // The parts of the page that show an answer, by their ids; of its rows only the first.
  const drawn = ({
    quick = [], notes = [], rows = [], chosen = [], loosened = [], further = [], doors = [], tell = [],
  }, few = rows.length) => ({
    quick: linked("quick", quick),
    notes: notes.map((said) => copy("notes-one", { words: said })),
    doors: doorways(doors),
    tell: doorways(tell, form.getAttribute("action").split("/find/")[0]),
    chosen: linked("chosen", chosen),
    loosened: linked("loosened", loosened),
    further: linked("further", further),
    rows: rows.slice(0, few).map(row),
  });
  const list = (answer = {}, parts = drawn(answer)) => {
    const { heading = "", asked = "", rows = [], loosened = [], nearest = "" } = answer;
    foldAway(asked);
    if (get("count").textContent.trim() !== heading) {
      show("count", heading ? [copy("heading", { heading })] : []);
      get("count").hidden = false;
    }
    if (!heading) document.title = title;
    get("next").textContent = nearest;
    get("next").hidden = !nearest;
    get("nothing").hidden = !heading || rows.length > 0;
    get("legend").hidden = !rows.length;
    if (!rows.length && heading) get("advice").textContent = words[loosened.length ? "try" : "nothing"];
    keys(parts).forEach((id) => show(id, parts[id]));
  };
  // Each mistake names its field, and in `meant` what may have been meant, as words and a query.
  const refuse = (mistakes) => {
    if (!mistakes.length && !get("mistakes").firstElementChild) return;
    form.querySelectorAll(".error").forEach((line) => {
      const those = mistakes.filter(({ field }) => line.id === `${field}-error`);
      line.firstElementChild.textContent = those.length ? form.dataset.error : "";
      line.lastElementChild.textContent = those.map((one) => one.words).join(" ");
      line.hidden = !those.length;
      line.closest(".field").classList.toggle("wrong", !line.hidden);
      const more = line.closest("details:not(#asked)");
      if (those.length && more) more.open = true;
    });
    get("mistakes").replaceChildren();
    if (!mistakes.length) return;
    list();
    document.title = titled(document.querySelector("h1").textContent, `${form.dataset.error} `);
    const box = copy("problem");
    box.querySelector("ul").append(...mistakes.map((one) => {
      const made = copy("mistake", one);
      made.querySelector("a").href = `#${one.field}`;
      made.querySelector("p").hidden = !one.ask;
      const those = made.querySelector("ul");
      those.hidden = !one.meant.length;
      those.append(...linked("further", one.meant));
      return made;
    }));
    get("mistakes").append(box);
    box.focus();
  };

  const top = (row) => row.getBoundingClientRect().top;
  const inView = () => [...get("rows").children].find((one) => top(one) >= 0);

  // Places left, where the booking service says; the list is whole without.
  let left;
  const counted = async () => {
    if (!form.dataset.live) return {};
    left ??= fetch(form.dataset.live).then((answer) => answer.json()).catch(() => ({}));
    return (await left)?.series || {};
  };
  const placesLeft = async () => {
    const series = await counted();
    // What is read stays where it is while rows above it grow.
    const row = inView();
    const before = row && top(row);
    get("rows").querySelectorAll("[data-series]").forEach((line) => {
      const { says, left, sessions, place } = series[line.dataset.series] || {};
      const { planned } = line.dataset;
      const words = says?.[""] ?? says?.[planned];
      const room = left ?? sessions?.[planned];
      if (words && !line.querySelector(".left")) {
        line.append(copy("left", { words: room ? `${words}. ${place}` : words }));
      }
    });
    if (row) scrollBy(0, top(row) - before);
  };

  const after = (pause) => new Promise((done) => { setTimeout(done, pause); });
  // After the next frame; where none is drawn, as in a tab behind others, soon.
  const frame = () => new Promise((done) => {
    requestAnimationFrame(() => setTimeout(done));
    setTimeout(done, 50);
  });

  let turn = 0;
  let listed = 0;
  let shown = "";
  let refused; // the question that was refused, if that is what is shown
  let unsaved = false; // the question of the form has no entry of the history yet
  let subject;
  const tables = async () => {
    const both = await Promise.all([table("places", openPlaces), table("index", openIndex)]);
    if (!box) openBox();
    return both;
  };
  // Tables that come later still serve the next search.
  const load = () => {
    get("failed").hidden = true;
    return Promise.race([tables(), after(LONGEST_WAIT)]).catch(() => {});
  };
  let waiting;
  const busy = (is) => {
    get("results").ariaBusy = is;
    clearTimeout(waiting);
    get("waiting").hidden = true;
    if (is) waiting = setTimeout(() => { get("waiting").hidden = false; }, SOON);
  };
  const failed = () => {
    list();
    get("failed").hidden = false;
  };
  // Where somebody was in the list, when they come back to it: the row that was pressed, or the first
  // in view, and its place on the screen.
  const keep = (pressed) => {
    const row = pressed || inView();
    const at = row && { series: row.dataset.series, top: top(row), pressed: !!pressed };
    if (shown && !refused) history.replaceState(at, "");
  };
  let resting;
  const rest = () => {
    clearTimeout(resting);
    resting = setTimeout(keep, 150);
  };
  const comeBack = ({ series, top: before, pressed }) => {
    const row = get("rows").querySelector(`[data-series="${series}"]`);
    scrollTo(0, row ? scrollY + top(row) - before : 0);
    if (pressed) row?.querySelector("a").focus({ preventScroll: true });
  };
  // What the fields ask, and its answer, if they are right and it may be shown here.
  const workedOut = (fields, live) => {
    const [query, mistakes] = read(fields);
    const { place, topic, left, filters = [], ...said } = query.near ? found(query.near) : {};
    if (said.away) return said;
    if (said.field) mistakes.push(said);
    mistakes.sort((a, b) => (a.field !== "near") - (b.field !== "near"));
    if (mistakes.length) return { query, mistakes };
    query.near = place?.key || "";
    query.topic = topic;
    filters.forEach(([name, value]) => {
      query[name] = name === "on" ? value
        : keys(index.choices[name]).filter((one) => one === value || query[name].includes(one));
    });
    const answer = answered(query, place, live);
    if (left) answer.notes.unshift(say("left-out", { words: left }));
    return { query, mistakes, place, answer };
  };
  // The answer to what stands in the form is worked out and drawn while somebody rests from typing,
  // so that Enter only has to show it. It holds for the same words, minute, place and postcodes.
  let ready = {};
  const fill = () => Math.ceil(innerHeight / LOW);
  const basis = (fields) => [JSON.stringify(fields), `${present()}`, known, postcodes];
  const prepare = () => {
    const fields = fieldsOf(new FormData(form));
    if (!box || fields.room) return;
    const made = workedOut(fields);
    if (made.answer) ready = { made, basis: basis(fields), parts: drawn(made.answer, fill()) };
  };
  const prepared = (fields) => {
    const mine = ready.made && basis(fields);
    const those = mine && ready.basis.every((one, n) => one === mine[n]) ? ready : {};
    ready = {}; // its parts can be shown once
    return those;
  };
  // Nothing of a private matter may stay: not in the box, nor in an address (S82).
  const leave = (away) => {
    form.elements.near.value = "";
    list();
    location.replace(away);
  };
  // The question in one line, but of a whole postcode its sector.
  const sector = (text) => {
    const code = /^([a-z]{1,2}\d[a-z\d]?)([\do])[a-z]{2}$/i.exec(text.replace(/[^a-z\d]/gi, ""));
    return code ? `${code[1]} ${code[2].replace(/o/i, 0)}`
      : text.replace(/\b([a-z]{1,2}\d[a-z\d]?)[^a-z\d]*(\d)[a-z]{2}\b/gi, "$1 $2");
  };
  const inLine = (fields) => `${new URLSearchParams(keys(fields).flatMap((name) =>
    fields[name].filter(Boolean).map((value) => [name, name === "near" ? sector(value) : value])))}`;
  // A refused question has an entry of the history, so that a reload asks it again, and Back leads to
  // the answer before. Its address says a postcode; words that nobody knows stand in none (S82).
  const note = (fields) => {
    const asked = inLine(fields);
    if (unsaved || !location.search) {
      const said = new URLSearchParams(asked).get("near") || "";
      const near = /^[a-z]{1,2}\d[a-z\d]?( \d)?$/i.test(said) ? said : "";
      history[unsaved && !history.state?.asked ? "pushState" : "replaceState"](
        { asked }, "", `${here}?${new URLSearchParams({ near })}`);
    }
    unsaved = false;
    shown = location.search;
    refused = asked;
  };
  // Where the tables cannot be fetched, the live part answers as it does without scripts. The address
  // of its answer has what it understood, and no other words.
  const askLive = async (fields, mine) => {
    let answer, page;
    try {
      answer = await fetch(`${form.action}?${inLine(fields)}`, {
        cache: "no-store", signal: AbortSignal.timeout?.(LONGEST_WAIT),
      });
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch { /* It cannot be reached either. */ }
    if (mine !== turn) return;
    busy(false);
    const said = page?.getElementById("results")?.dataset.asked;
    const mistakes = page?.querySelectorAll("#mistakes .errors > * > ul > li") || [];
    if (answer?.redirected && answer.ok) leave(answer.url);
    else if (said) location[unsaved ? "assign" : "replace"](`${form.action}?${said}`);
    else if (mistakes.length) {
      note(fields);
      refuse([...mistakes].map((one) => ({
        field: one.firstElementChild.hash.slice(1),
        words: one.firstElementChild.textContent,
        ask: !one.querySelector("p").hidden,
        meant: [...one.querySelectorAll(":scope li a")].map((a) => [a.textContent, a.search.slice(1)]),
      })));
    } else failed();
  };
  const typedAs = ({ topic = [], near = [] }) => [topic[0], near[0]].filter(Boolean).join(" ");
  const run = async (fields, how) => {
    const mine = turn += 1;
    unsaved = how === "ask" || (how === "more" && unsaved);
    const back = how || history.state?.asked ? null : history.state;
    history.scrollRestoration = "manual";
    busy(true);
    const loaded = await load();
    if (!loaded) return mine === turn && askLive(fields, mine);
    const live = fields.room && await counted();
    const settle = (first) => {
      if (mine !== turn) return;
      const { made = workedOut(fields, live), parts } = first && !live ? prepared(fields) : {};
      const { away, query, mistakes, place, answer } = made;
      if (away) return leave(away);
      if (mistakes.length) note(fields);
      refuse(mistakes.map((one) => ({
        ...one, meant: one.meant.map((near) => [near, address({ ...query, near })]),
      })));
      if (mistakes.length) return;
      refused = "";
      if (place && (place !== known || query.topic?.words !== subject)) place.typed = typedAs(fields);
      if (place) known = place;
      subject = query.topic?.words;
      // Those of the last answer, of which some may not be drawn yet.
      const before = listed;
      listed = Math.min(query.show, answer.rows.length);
      const few = first && !back && how !== "more" ? fill() : query.show;
      parts?.rows.push(...answer.rows.slice(parts.rows.length, few).map(row));
      list(answer, parts || drawn(answer, few));
      const there = get("rows").children.length;
      if (first && how === "more") get("rows").children[before]?.querySelector("a").focus();
      if (first && /ask|go/.test(how)) {
        scrollTo(0, 0);
        get("found").focus({ preventScroll: true });
      }
      if (back) comeBack(back);
      return () => {
        const to = `${here}?${address(query)}`;
        history[unsaved ? "pushState" : "replaceState"](back, "", to);
        unsaved = false;
        shown = location.search;
        document.title = titled(answer.heading);
        get("rows").append(...answer.rows.slice(there).map(row));
        rest();
        placesLeft();
      };
    };
    // The rest of an answer comes after the frame that shows its first rows.
    const finish = async (done) => {
      await frame();
      if (mine === turn) done?.();
    };
    await finish(settle(true));
    // Asked for by the look of a postcode, known or not: the request says nothing of which.
    if (form.dataset.postcodes && !postcodes && /\d/.test(fields.near)) {
      await table("postcodes", openPostcodes, "arrayBuffer").then(() => finish(settle()), () => {});
    }
    if (mine === turn) busy(false);
  };

  const fieldsOf = (entries) => {
    const fields = Object.create(null);
    [...entries].forEach(([name, value]) => (fields[name] ??= []).push(value));
    return fields;
  };
  // Runs the question of an address; one without a question is the page as it came.
  const go = (query, how) => {
    const fields = fieldsOf(new URLSearchParams(query));
    [...form.elements].forEach((control) => {
      const { name } = control;
      const values = fields[name] || [];
      if (control.type === "checkbox") control.checked = values.includes(control.value);
      else if (name === "age") control.value = values.join(", ").replace(/-(?=[a-z])/g, " ");
      else if (name === "near") {
        const [topic] = fields.topic || [];
        // Of a place that is still known, the address says less than what was typed.
        control.value = values[0] && values[0] === known.key && topic === subject ? known.typed
          : typedAs(fields);
      } else if (name) control.value = values[0] || "";
    });
    if (query) {
      if (!how) foldAway([fields.near, fields.age].filter((said) => said?.[0]).join(", ") || "…");
      return run(fields, how);
    }
    shown = refused = "";
    turn += 1;
    busy(false);
    list();
    refuse([]);
  };

  const send = (pressed) => {
    pressed.preventDefault();
    run(fieldsOf(new FormData(form)), "ask");
  };
  form.addEventListener("submit", send);
  addEventListener("scroll", rest);
  document.addEventListener("click", (pressed) => {
    // The second of a double press on the button meets what has been drawn under it.
    if (pressed.detail > 1 && get("results").contains(pressed.target)) pressed.preventDefault();
    if (pressed.defaultPrevented) return;
    clearTimeout(resting);
    // Enter presses the button. It is answered before the form is sent: at that moment browsers read
    // all fields, to fill them in another time, which takes longer than the search.
    if (pressed.target.matches?.("form[data-index] [type=submit]")) return send(pressed);
    keep(pressed.target.closest?.("#rows > li"));
    const link = pressed.target.closest?.("a[data-ask]");
    if (!link || pressed.ctrlKey || pressed.metaKey || pressed.shiftKey) return;
    pressed.preventDefault();
    const more = get("further").contains(link);
    if (!more) history.pushState(null, "", link.href);
    go(link.search, more ? "more" : "go");
  });
  // A link to a field of the form is not another question.
  addEventListener("popstate", () => {
    const { asked } = history.state || {};
    if (location.search !== shown || (asked && asked !== refused)) go(asked || location.search);
  });
  // Who enters the box is going to search: the tables are read before Enter, in short tasks. So is a
  // first answer, which nobody sees: browsers compile functions when they are first called.
  form.elements.near.addEventListener("focus", () => {
    table("places", openPlaces).then(suggest).then(() => table("index", openIndex)).then(frame)
      .then(tables).then(frame).then(() => turn || prepare()).catch(() => {});
  });
  let pause;
  form.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(prepare, PAUSE);
  });

  const ask = get("here");
  ask.hidden = !navigator.geolocation;
  ask.firstElementChild.addEventListener("click", () => {
    const loaded = load().then((both) => both || failed());
    const notHere = async (said) => {
      turn += 1; // what is still to be drawn of a search would stand under the mistake
      busy(false);
      if (await loaded) refuse([wrong("near", said)]);
    };
    navigator.geolocation.getCurrentPosition(async ({ coords }) => {
      if (!await loaded) return;
      const at = [coords.latitude, coords.longitude];
      const away = (code) => distance(at, places.areas[code]);
      const [key] = keys(places.areas).filter((code) => code.includes(" "))
        .sort((a, b) => away(a) - away(b));
      if (!key || away(key) > 10) return notHere("e-away");
      known = { key, at, typed: key };
      form.elements.near.value = key;
      run(fieldsOf(new FormData(form)), "ask");
    }, () => notHere("e-here"));
  });

  // A question of the home page is handed over by this tab alone: it stands in no address.
  let given = history.state?.asked || location.search;
  try {
    given = sessionStorage.getItem("ask") || given;
    sessionStorage.removeItem("ask");
  } catch { /* Storage may be turned off. */ }
  if (given) go(given);
})();
