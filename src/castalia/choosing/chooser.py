"""The chooser: from a request to the kind of content wanted, the model that makes it, and why."""

from castalia.choosing.asking_back import LIKELY, is_worth_asking, options, question
from castalia.choosing.classifier import load
from castalia.choosing.corrections import Corrections
from castalia.choosing.lexicon import LEXICON, with_catalogue
from castalia.choosing.planning import ONE_ANSWER, SURE, Wanted, reasons_of, wanted
from castalia.choosing.policies import Experiences
from castalia.choosing.proposals import propose_media, propose_text
from castalia.choosing.ranking import makers, modalities_of_classes, names_in, pick, with_columns
from castalia.choosing.reading import Reading, read
from castalia.choosing.refusing import refusal
from castalia.choosing.signals.attachments import columns_of, kind_of, kinds_of
from castalia.choosing.weighing import Weighed, weigh
from castalia.choosing.wording import joined, named
from castalia.core.config import ChooserSettings
from castalia.core.errors import BadRequest, NotFound
from castalia.core.models import Model
from castalia.core.plugins import modalities
from castalia.core.requests import AUTO, Request
from castalia.core.results import PLAN, Alternative, Choice, Step
from castalia.modalities.wording import names_of


class Chooser:
    """Chooses modality, model and option values. One instance serves any number of threads."""

    def __init__(self, settings: ChooserSettings, corrections: Corrections | None = None) -> None:
        self.settings = settings
        self.lexicon = with_catalogue(LEXICON)
        self.classifier = load() if corrections is None else corrections.classifier(self.lexicon)

    def choose(self, request: Request, models: list[Model], experiences: Experiences | None = None) -> Choice:
        """The choice for a request among these models; ``experiences`` is what the record says of them.

        ``choice.steps`` are those of a plan when several outputs are wanted.
        ``choice.model`` is None when nothing installed can do it; the reasons then say what is missing and what to do.
        ``choice.question`` and its options are set when the request is too unclear, ``choice.refusal`` when no
        generator serves it. Raises NotFound for a model or modality named in
        the request that does not exist, BadRequest when the named model does not make the named modality.
        """
        reading = read(request.prompt, self.lexicon)
        kinds = kinds_of(request)
        known = experiences or {}
        if request.model != AUTO:
            return self._of_model(request, models, reading, kinds)
        if request.modality != AUTO:
            self._check_modality(request.modality, models)
            return self._complete(
                Choice(modality=request.modality, reasons=[f"You asked for the modality {request.modality}."]),
                request,
                models,
                reading,
                kinds,
                known,
            )
        plan = self._plan(request, models, reading, kinds, known)
        return plan or self._of_words(request, models, reading, kinds, known)

    def _of_words(
        self, request: Request, models: list[Model], reading: Reading, kinds: list[str], known: Experiences
    ) -> Choice:
        """The choice when nothing is named: by wording and attachments, or a question back."""
        weighed = weigh(reading, kinds, self.lexicon, self.classifier)
        (modality, confidence), *_ = weighed.ranked()
        choice = Choice(
            modality=modality,
            confidence=round(confidence, 4),
            reasons=weighed.reasons,
            alternatives=self._alternatives(weighed, request, models, kinds),
        )
        if not reading.tokens and not kinds:
            return choice.model_copy(
                update={"confidence": 0.0, "question": "The request is empty. What should be made?", "options": []}
            )
        if is_worth_asking(weighed.ranked(), self.settings.question_cost):
            made = modalities_of_classes(request.prompt, models)
            likely = [name for name, probability in weighed.ranked() if name in made and probability >= LIKELY]
            if len(likely) == 1:
                reason = f"An installed model makes {named(likely[0])} of “{made[likely[0]]}”."
                meant = Choice(modality=likely[0], confidence=choice.confidence, reasons=[*choice.reasons, reason])
                return self._complete(meant, request, models, reading, kinds, known)
            offered = [name for name, _ in options(weighed.ranked())]
            return choice.model_copy(update={"question": question(offered), "options": offered})
        return self._complete(choice, request, models, reading, kinds, known)

    def wants_several(self, request: Request, kinds: list[str] | None = None) -> bool:
        """Whether the request is one for a plan, by its words alone; ``kinds`` stand in for those of the attachments.

        Whoever names a model or a modality, calls tools, wants JSON or is in the middle of a conversation gets one
        answer.
        """
        return bool(self._wanted(request, read(request.prompt, self.lexicon), kinds or kinds_of(request)).steps)

    def _wanted(self, request: Request, reading: Reading, kinds: list[str]) -> Wanted:
        bound = (
            request.documents is not None
            or request.model != AUTO
            or request.modality != AUTO
            or ONE_ANSWER.intersection(request.options)
        )
        if bound or sum(message.role == "user" for message in request.messages) != 1:
            return Wanted()
        return wanted(reading, request.prompt, kinds, self.lexicon)

    def _plan(
        self, request: Request, models: list[Model], reading: Reading, kinds: list[str], experiences: Experiences
    ) -> Choice | None:
        """The plan, each of its steps with its own choice; None when one output is wanted."""
        found = self._wanted(request, reading, kinds)
        if not found.steps:
            return None
        for step in found.steps:
            step.choice = self._of_step(step, request, models, experiences)
        return Choice(modality=PLAN, confidence=SURE, reasons=reasons_of(found), steps=found.steps)

    def _of_step(self, step: Step, request: Request, models: list[Model], experiences: Experiences) -> Choice:
        if step.model != AUTO:
            return Choice(modality=step.modality, model=step.model, engine=step.engine, reasons=[step.reason])
        attached = request.attachments if step.attach else []
        asked = Request.of_text(step.prompt, attached, modality=step.modality, policy=request.policy)
        choice = Choice(modality=step.modality, reasons=[step.reason])
        reading = read(step.prompt, self.lexicon)
        return self._complete(choice, asked, models, reading, kinds_of(asked), experiences)

    def _of_model(self, request: Request, models: list[Model], reading: Reading, kinds: list[str]) -> Choice:
        """The choice when the model is named: only the modality can be open, if it has several outputs."""
        model = next((m for m in models if request.model == m.name or request.model in m.aliases), None)
        if model is None:
            raise NotFound(f"There is no model {request.model!r}.", hint="castalia ls lists the models.")
        if not model.outputs:
            raise BadRequest(
                f"{model.name} answers nothing by itself: other models read their captions by it.",
                hint="Leave out the model, or name another: castalia ls.",
            )
        reasons = [f"You asked for the model {request.model}."]
        modality = request.modality
        if modality == AUTO:
            modality = model.outputs[0]
            if len(model.outputs) > 1:
                ranked = weigh(reading, kinds, self.lexicon, self.classifier).ranked()
                modality = next((name for name, _ in ranked if name in model.outputs), modality)
        elif modality not in model.outputs:
            raise BadRequest(
                f"{model.name} does not make {modality}.", hint=f"It makes {joined(model.outputs, 'and')}."
            )
        return self._settled(Choice(modality=modality, reasons=reasons), model, request, reading)

    def _complete(
        self,
        choice: Choice,
        request: Request,
        models: list[Model],
        reading: Reading,
        kinds: list[str],
        experiences: Experiences,
    ) -> Choice:
        """The choice with its model, or with what is missing."""
        if choice.modality == "unsupported":
            return choice.model_copy(update={"refusal": refusal(reading, kinds)})
        if choice.modality == "table" and "table" in kinds:
            return self._imitating(choice, request, models, reading)
        policy = request.policy or self.settings.policy
        picked = pick(choice.modality, models, request.prompt, kinds, policy, experiences)
        others = [model.name for model in picked.others if request.engine is None or request.engine in model.engines]
        choice = choice.model_copy(update={"policy": policy, "fallbacks": others})
        reasons = [*choice.reasons, picked.reason]
        if picked.model is None:
            return choice.model_copy(update={"reasons": [*reasons, *self._advice(choice, models)]})
        classes = names_in(picked.model, "classes")
        if classes and choice.modality != "text":
            reasons.append(f"It was trained on: {joined([names_of(label)[0] for label in classes[:12]], 'and')}.")
        return self._settled(choice.model_copy(update={"reasons": reasons}), picked.model, request, reading)

    def _imitating(self, choice: Choice, request: Request, models: list[Model], reading: Reading) -> Choice:
        """Rows like an attached table: from a model of the same columns, else from one trained on it now."""
        table = next(part for part in request.attachments if kind_of(part) == "table")
        columns = columns_of(table)
        model = with_columns(columns, models) if columns else None
        if model is not None:
            reason = f"{model.name} was trained on a table with the same columns."
            return self._settled(
                choice.model_copy(update={"reasons": [*choice.reasons, reason]}), model, request, reading
            )
        reason = "No installed model knows the attached table's columns, so a quick one is trained on it first."
        return choice.model_copy(
            update={
                "engine": "native",
                "settings": {"imitate": True},
                "reasons": [*choice.reasons, reason],
            }
        )

    def _settled(self, choice: Choice, model: Model, request: Request, reading: Reading) -> Choice:
        settings: dict[str, object] = {}
        reasons = list(choice.reasons)
        if choice.modality == "text" and "text" in model.inputs:
            proposed, reason = propose_text(reading)
            settings = {name: value for name, value in proposed.items() if name not in request.options}
            if reason and settings:
                reasons.append(reason)
        if choice.modality != "text":
            proposed, reason = propose_media(reading, choice.modality)
            settings = {name: value for name, value in proposed.items() if name not in request.options}
            if reason and settings:
                reasons.append(reason)
        if choice.modality == "text" and "text" not in model.inputs:
            reasons.append("It puts what is said into writing; it does nothing else with a recording.")
        return choice.model_copy(
            update={
                "model": model.name,
                "family": model.family,
                "engine": request.engine or model.engine,
                "settings": settings,
                "reasons": reasons,
            }
        )

    def _alternatives(
        self, weighed: Weighed, request: Request, models: list[Model], kinds: list[str]
    ) -> list[Alternative]:
        found: list[Alternative] = []
        for modality, probability in weighed.ranked()[1:]:
            if probability < LIKELY / 4 or modality == "unsupported":
                continue
            model = pick(modality, models, request.prompt, kinds).model
            name = model.name if model else None
            found.append(Alternative(modality=modality, model=name, confidence=round(probability, 4)))
        return found[:3]

    def _advice(self, choice: Choice, models: list[Model]) -> list[str]:
        """What to do when nothing installed makes it."""
        advice: list[str] = []
        if makers(choice.modality, models):
            return ["Leave the attachment out, or install a model that reads it."]
        catalogue = modalities().specs()
        if choice.modality in catalogue and catalogue[choice.modality].default_family:
            advice.append(f"Train one on your own {choice.modality} data: castalia train FOLDER.")
        advice.append("Or get the starter models: castalia pull starter.")
        return advice

    def _check_modality(self, modality: str, models: list[Model]) -> None:
        if not makers(modality, models):
            modalities().spec(modality)  # raises NotFound with the modalities there are
