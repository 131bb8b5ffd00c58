"""The five sources: which companies each is asked for, and how its answers become rows of vintages.csv.

Statements come back as dictionaries with the columns of vintages.csv but `source_id`; amounts in yuan, NaN where the
source gives nothing. A zero expense is taken as not known, since a vendor's zero and a missing line look alike.
"""

import json
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from unittest.mock import patch

import pandas as pd

from lib import tables
from lib.refresh.polite import MayPass, Nonsense, Session, Unreachable, not_answered
from lib.words import name_list

FIRST_YEAR = 2019
AMOUNTS = ["revenue_cny", "rd_expense_cny", "selling_expense_cny", "sga_expense_cny"]

EASTMONEY_FIELDS = {
    "revenue_cny": "OPERATE_INCOME",
    "rd_expense_cny": "RESEARCH_EXPENSE",
    "selling_expense_cny": "SALE_EXPENSE",
}
EASTMONEY_NEEDS = [
    "SECURITY_CODE", "SECURITY_NAME_ABBR", "REPORT_DATE", "NOTICE_DATE", "UPDATE_DATE", "CURRENCY",
    *EASTMONEY_FIELDS.values(),
]  # fmt: skip
#: akshare's function that asks a page for a company's kind, and the kind of an ordinary enterprise, not a bank, insurer or broker.
KIND_OF_COMPANY, ORDINARY = "_stock_balance_sheet_by_report_ctype_em", "4"
#: Companies that left the Beijing exchange for another board: their statements stand under the new code.
MOVED = {"832317": "SH688287", "833874": "SZ301192", "833994": "SZ301321"}

HK_CODES = {"tencent": "00700", "meituan": "03690", "kuaishou": "01024", "xiaomi": "01810", "bilibili": "09626"}
HK_ITEMS = {
    "营业额": "revenue_cny",
    "营运收入": "revenue_cny",
    "研发费用": "rd_expense_cny",
    "销售及分销费用": "selling_expense_cny",
}

#: Central index key at the SEC, and a word of the registrant's name, so that a wrong key cannot pass.
SEC_KEYS = {
    "alibaba": ("1577552", "alibaba"),
    "baidu": ("1329099", "baidu"),
    "bilibili": ("1723690", "bilibili"),
    "jd-com": ("1549802", "jd.com"),
    "netease": ("1110646", "netease"),
    "pinduoduo": ("1737806", "pdd"),
    "tencent-music": ("1744676", "tencent music"),
    "trip-com": ("1269238", "trip.com"),
    "zhihu": ("1835724", "zhihu"),
}
#: Concepts in the order in which they are believed: the first that a filing has fills the column. A selling line and one
#: line for SG&A exclude each other: SG&A beside a selling line is a total, marketing beside SG&A a part of it.
SEC_CONCEPTS = {
    "us-gaap:Revenues": "revenue_cny",
    "us-gaap:RevenueFromContractWithCustomerExcludingAssessedTax": "revenue_cny",
    "ifrs-full:Revenue": "revenue_cny",
    "us-gaap:ResearchAndDevelopmentExpense": "rd_expense_cny",
    "ifrs-full:ResearchAndDevelopmentExpense": "rd_expense_cny",
    "us-gaap:SellingAndMarketingExpense": "selling_expense_cny",
    "ifrs-full:SalesAndMarketingExpense": "selling_expense_cny",
    "us-gaap:SellingGeneralAndAdministrativeExpense": "sga_expense_cny",
    "us-gaap:MarketingExpense": "selling_expense_cny",
}


@dataclass(frozen=True)
class Target:
    """One company to ask for: its id here, its short Chinese name if known, and its names at the source."""

    company_id: str
    name: str
    symbols: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A source: what it is called in sources.csv, the grade of its figures, and how it is asked."""

    name: str
    title: str
    url: str
    kind: str
    grade: str
    requests_each: int
    targets: Callable[[], list[Target]]
    fetch: Callable[[Target, Session], list[dict]]


def _bse_targets() -> list[Target]:
    roster = tables.load("bse_roster")
    rows = []
    for _, row in roster.iterrows():
        codes = [row["code_920"], row["company_id"]]  # the newer code first: the older may be gone
        symbols = [f"BJ{code}" for code in codes if pd.notna(code)]
        moved = MOVED.get(row["company_id"])
        rows.append(Target(row["company_id"], row["name_zh"], (moved, *symbols) if moved else tuple(symbols)))
    return rows


def _listed_targets() -> list[Target]:
    companies = tables.load("companies")
    prefix = {"SSE Main": "SH", "STAR": "SH", "SZSE Main": "SZ", "ChiNext": "SZ"}
    chosen = companies[companies["board"].isin(list(prefix))]
    return [
        Target(row["company_id"], row["name_zh"], (prefix[row["board"]] + row["company_id"],))
        for _, row in chosen.iterrows()
    ]


def _named(codes: dict[str, str]) -> list[Target]:
    names = tables.load("companies").set_index("company_id")["name_zh"]
    return [Target(company, names[company], (code,)) for company, code in codes.items()]


def fetch_eastmoney(target: Target, session: Session) -> list[dict]:
    """Annual income statements of a mainland company, through akshare's stock_profit_sheet_by_yearly_em.

    The symbols are tried in turn. Raises Nonsense with the first symbol's reason where none gives a statement.
    """
    from akshare.stock_feature import stock_three_report_em as library

    reasons = []
    for symbol in target.symbols:
        session.begin()
        kinds: list[str] = []
        try:
            with session.inside(library), patch.object(library, KIND_OF_COMPANY, _kind_of_company(library, kinds)):
                frame = library.stock_profit_sheet_by_yearly_em(symbol)
            return _eastmoney_rows(target, symbol, frame, session, kinds)
        except Nonsense as reason:
            reasons.append(reason)
        except (KeyError, TypeError, ValueError, AttributeError):
            wanted = "the field hidctype in a page, then JSON with a list 'data' of statements with REPORT_DATE"
            reasons.append(Nonsense(f"{symbol}: expected {wanted}; got {_glimpse(session)}."))
        session.forget()
    raise reasons[0]


def _kind_of_company(library, unsaid: list[str]) -> Callable[[str], str]:
    """akshare's question for a company's kind, which goes on where the page does not say: as an ordinary enterprise.

    The page has lost the field at times while the statements were there. Another kind's statements have other fields, so a
    wrong guess is refused by the checks on what comes. unsaid: takes up the symbols whose page does not say.
    """
    ask = getattr(library, KIND_OF_COMPANY)
    ask.cache_clear()

    def kind(symbol: str) -> str:
        try:
            return ask(symbol)
        except (TypeError, KeyError):
            unsaid.append(symbol)
            return ORDINARY

    return kind


def _eastmoney_rows(
    target: Target, symbol: str, frame: pd.DataFrame, session: Session, unsaid: list[str]
) -> list[dict]:
    if missing := [field for field in EASTMONEY_NEEDS if field not in frame.columns]:
        raise Nonsense(f"{symbol}: expected the field {missing[0]} in each statement, but it is not there.")
    codes, name = set(frame["SECURITY_CODE"].astype(str)), str(frame["SECURITY_NAME_ABBR"].iloc[0])
    if codes - {each[2:] for each in target.symbols}:
        raise Nonsense(f"{symbol}: expected the statements of {target.name}, got those of {name} {min(codes)}.")
    if symbol == MOVED.get(target.company_id) and target.name[:2] not in name:  # *ST may stand before it
        raise Nonsense(f"{symbol}: expected {target.name}, got {name}.")
    rows = []
    for _, cells in frame.iterrows():
        end = pd.Timestamp(cells["REPORT_DATE"])
        if end.year < FIRST_YEAR or (end.month, end.day) != (12, 31):
            continue
        if cells["CURRENCY"] != "CNY":
            raise Nonsense(f"{symbol}, {end.year}: expected amounts in CNY, got {cells['CURRENCY']}.")
        amounts = {column: _amount(symbol, field, cells[field]) for column, field in EASTMONEY_FIELDS.items()}
        notes = [
            f"the source gives 0 as {field}: taken as not known"
            for field in EASTMONEY_FIELDS.values()
            if cells[field] == 0
        ]
        if unsaid:
            notes.append("asked for as an ordinary enterprise, since the source's page names no kind")
        inside = _amount(symbol, "ME_RESEARCH_EXPENSE", cells.get("ME_RESEARCH_EXPENSE"))
        if math.isnan(amounts["rd_expense_cny"]) and not math.isnan(inside):
            amounts["rd_expense_cny"] = inside
            notes.append("R&D as shown inside administrative expense")
        filed = cells["UPDATE_DATE"] if pd.notna(cells["UPDATE_DATE"]) else cells["NOTICE_DATE"]
        answer = next(a for a in reversed(session.answers) if f"{end:%Y-%m-%d}" in a["address"])
        rows.append(_row(target, end, pd.Timestamp(filed), "CAS", name, answer, amounts, notes))
    return rows


def fetch_hk(target: Target, session: Session) -> list[dict]:
    """Annual income statements of a company listed in Hong Kong, through akshare's stock_financial_hk_report_em."""
    from akshare.exceptions import APIError
    from akshare.stock_fundamental import stock_finance_hk_em as library

    (code,) = target.symbols
    try:
        with session.inside(library):
            items = library.stock_financial_hk_report_em(stock=code, symbol="利润表", indicator="年度")
            answer = session.answers[-1]
            reports = library._get_hk_financial_report_list(code)  # from disk: it holds the currency
        money = dict(zip(pd.to_datetime(reports["REPORT_DATE"]), reports["CURRENCY"], strict=True))
        name = str(items["SECURITY_NAME_ABBR"].iloc[0])
        cells = items[["REPORT_DATE", "STD_ITEM_NAME", "AMOUNT"]]
    except (KeyError, TypeError, ValueError, AttributeError, APIError):
        wanted = "JSON with REPORT_LIST (REPORT_DATE, CURRENCY), then rows with REPORT_DATE, STD_ITEM_NAME and AMOUNT"
        raise Nonsense(f"{code}: expected {wanted}; got {_glimpse(session)}.") from None
    if target.name not in name:
        raise Nonsense(f"{code}: expected the statements of {target.name}, got those of {name}.")
    rows = []
    for end, lines in cells.groupby(pd.to_datetime(cells["REPORT_DATE"])):
        if end.year < FIRST_YEAR:
            continue
        if money.get(end) not in ("CNY", "人民币"):
            raise Nonsense(f"{code}, {end.year}: expected amounts in CNY, got {money.get(end)}.")
        amounts = dict.fromkeys(AMOUNTS[:3], math.nan)
        for item, column in HK_ITEMS.items():
            found = lines.loc[lines["STD_ITEM_NAME"] == item, "AMOUNT"]
            if len(found) and math.isnan(amounts[column]):
                amounts[column] = _amount(code, item, found.iloc[0])
        rows.append(_row(target, end, pd.NaT, "IFRS", name, answer, amounts, []))
    if not any(row["revenue_cny"] > 0 for row in rows):
        raise Nonsense(f"{code}: expected a line 营业额 or 营运收入 in each income statement, but none has it.")
    return rows


def fetch_sec(target: Target, session: Session) -> list[dict]:
    """Annual figures in yuan of a company that files with the SEC, through edgartools' company facts.

    One row per fiscal year and filing: a later filing that says otherwise is a restatement.
    """
    os.environ.setdefault("EDGAR_LOCAL_DATA_DIR", str(session.folder.parent / "edgar"))
    os.environ.setdefault("EDGAR_RATE_LIMIT_PER_SEC", str(max(1, int(1 / session.pause))))
    import httpx
    from edgar.entity.entity_facts import download_company_facts_from_sec
    from edgar.entity.parser import EntityFactsParser
    from edgar.exceptions import CompanyFactsNotFoundError, TooManyRequestsError
    from edgar.urls import build_company_facts_url

    key, word = target.symbols
    address = build_company_facts_url(int(key))

    def ask():
        try:
            return "application/json", json.dumps(download_company_facts_from_sec(int(key))).encode()
        except CompanyFactsNotFoundError:
            raise Nonsense(f"{key}: expected company facts, but the SEC has none under this key.") from None
        except ValueError as error:
            raise Nonsense(f"{key}: expected company facts in JSON, got something else ({error}).") from error
        except TooManyRequestsError as error:
            raise MayPass("HTTP 429", error.retry_after or 600) from error
        except httpx.HTTPStatusError as error:
            raise not_answered(address, error.response.status_code) from error
        except httpx.HTTPError as error:  # edgartools has tried some times already
            raise Unreachable(f"{address}: {type(error).__name__}; run the same command later.") from error

    answer = session.once(address, ask)
    facts = EntityFactsParser.parse_company_facts(json.loads(answer["body"]))
    if facts is None or word not in facts.name.lower():
        raise Nonsense(
            f"{key}: expected the facts of '{word}', got {facts.name if facts else 'none that can be read'}."
        )
    found: dict[tuple, dict] = {}
    told: dict[tuple, dict[str, set]] = {}
    known = list(SEC_CONCEPTS)
    for fact in sorted((f for f in facts if f.concept in SEC_CONCEPTS), key=lambda f: known.index(f.concept)):
        annual = fact.period_start and 340 < (fact.period_end - fact.period_start).days < 380
        if not (annual and fact.unit == "CNY" and fact.form_type.startswith(("20-F", "10-K"))):
            continue
        standard = "IFRS" if fact.taxonomy == "ifrs-full" else "US GAAP"
        day = (fact.period_end, fact.filing_date, standard)
        filing = found.setdefault(day, dict.fromkeys(AMOUNTS, math.nan))
        column = SEC_CONCEPTS[fact.concept]
        values = told.setdefault(day, {}).setdefault(fact.concept, set())
        values.add(_amount(key, fact.concept, fact.numeric_value))
        if len(values) > 1:  # a report and its amendment of one day: nothing says which holds
            filing[column] = math.nan
            continue
        other = {"selling_expense_cny": "sga_expense_cny", "sga_expense_cny": "selling_expense_cny"}.get(column)
        if math.isnan(filing[column]) and (not other or math.isnan(filing[other])):
            filing[column] = _amount(key, fact.concept, fact.numeric_value)
    if not found:
        raise Nonsense(f"{key}: expected annual amounts in CNY for {', '.join(SEC_CONCEPTS)}; none is there.")
    rows = [
        _row(
            target,
            pd.Timestamp(end),
            pd.Timestamp(filed),
            standard,
            facts.name,
            answer,
            amounts,
            _told_twice(told[end, filed, standard]),
        )
        for (end, filed, standard), amounts in found.items()
    ]
    return [row for row in rows if row["fiscal_year"] >= FIRST_YEAR]


def _told_twice(told: dict[str, set]) -> list[str]:
    """A note for each concept that filings of one day give two values of."""
    return [
        f"{concept}: {name_list(f'{value:,.0f}' for value in sorted(values))} filed on one day, taken as not known"
        for concept, values in told.items()
        if len(values) > 1
    ]


def fetch_fx(target: Target, session: Session) -> list[dict]:
    """The mean of a year's daily central parity of the dollar, through akshare's currency_boc_sina: one dictionary
    with `fiscal_year`, `value` (CNY per USD) and `days`."""
    from akshare.currency import currency_china_bank_sina as library

    library._currency_boc_sina_map.cache_clear()
    (year,) = target.symbols
    try:
        with session.inside(library):
            daily = library.currency_boc_sina(symbol="美元", start_date=f"{year}0101", end_date=f"{year}1231")
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ImportError):
        wanted = "a page with a table of six columns, 央行中间价 the fifth"
        raise Nonsense(f"fx {year}: expected {wanted}; got {_glimpse(session)}.") from None
    inside = daily[pd.to_datetime(daily["日期"]).dt.year == int(year)].drop_duplicates("日期")
    rates = inside["央行中间价"].dropna() / 100  # the page quotes yuan per 100 dollars
    if len(rates) < 200 or not rates.between(5, 9).all():
        raise Nonsense(f"fx {year}: expected 200 days or more between 5 and 9 yuan per dollar, got {len(rates)} days.")
    return [{"fiscal_year": int(year), "value": round(float(rates.mean()), 4), "days": len(rates)}]


def _fx_targets() -> list[Target]:
    return [Target("cny-usd", "CNY/USD", (str(year),)) for year in range(FIRST_YEAR, date.today().year)]


def _row(target, end, filed, standard, name, answer, amounts, notes) -> dict:
    return {
        "company_id": target.company_id,
        "fiscal_year": end.year - (end.month < 6),  # as the codebook defines it
        "fiscal_year_end": end.strftime("%Y-%m-%d"),
        "filing_date": "" if pd.isna(filed) else filed.strftime("%Y-%m-%d"),
        "accounting_standard": standard,
        "name_at_source": name,
        "address": answer["address"],
        "retrieved": answer["retrieved"],
        **dict.fromkeys(AMOUNTS, math.nan),
        **amounts,
        "note": "; ".join(notes),
    }


def _amount(symbol: str, field: str, cell) -> float:
    """A cell as yuan; NaN where it is empty or 0. Raises Nonsense for text in place of a number."""
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return math.nan
    if isinstance(cell, bool) or not hasattr(cell, "__float__") or not math.isfinite(float(cell)):
        raise Nonsense(f"{symbol}: expected a number of yuan as {field}, got '{cell}'.")
    return float(cell) or math.nan


def _glimpse(session: Session) -> str:
    """The start of the last answer, for a sentence."""
    if not session.answers:
        return "nothing"
    text = session.answers[-1]["body"][:400].decode("utf-8", errors="replace")
    return f"'{' '.join(text.split())[:60]}'"


def sources() -> dict[str, Source]:
    """The sources by name, in the order in which they are refreshed: the quick ones first."""
    emweb = "https://emweb.securities.eastmoney.com/PC_HSF10/NewFinanceAnalysis/Index"
    hkweb = "https://emweb.securities.eastmoney.com/PC_HKF10/FinancialAnalysis/index"
    boards = "income statements of Beijing Stock Exchange companies"
    found = (
        Source("fx", "daily central parity of the yuan, averaged by year (Bank of China page at Sina)",
               "http://biz.finance.sina.com.cn/forex/forex.php", "secondary", "C", 15, _fx_targets, fetch_fx),
        Source("sec", "annual reports (XBRL company facts, SEC)", "https://data.sec.gov/api/xbrl/companyfacts/",
               "primary", "A", 1, lambda: [Target(c, "", key) for c, key in SEC_KEYS.items()], fetch_sec),
        Source("hk", "income statements of Hong Kong companies at Eastmoney", hkweb, "secondary", "B", 2,
               lambda: _named(HK_CODES), fetch_hk),
        Source("bse", f"{boards} at Eastmoney", emweb, "secondary", "B", 5, _bse_targets, fetch_eastmoney),
        Source("listed", "income statements of Shanghai and Shenzhen companies at Eastmoney", emweb, "secondary", "B", 6,
               _listed_targets, fetch_eastmoney),
    )  # fmt: skip
    return {source.name: source for source in found}
