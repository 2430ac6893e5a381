"""Layers are found by the names that renderers use, and can be named by hand."""

from __future__ import annotations

import pytest

from filmgate.errors import LayerError
from filmgate.image.exr import parse_exr
from filmgate.manifest import ModelInput
from filmgate.manifest.layers import bind_layers, list_layers

COLOR = ModelInput("color", "color", ("R", "G", "B"))
ALBEDO = ModelInput("albedo", "albedo", ("R", "G", "B"), optional=True)
NORMAL = ModelInput("normal", "normal", ("X", "Y", "Z"), optional=True)
DENOISER = (COLOR, ALBEDO, NORMAL)


def named(*layers: str) -> list[str]:
    """Return channel names from ``layer:suffixes``, sorted as in a file."""
    pairs = (layer.split(":") for layer in layers)
    return sorted(f"{layer}.{end}" if layer else end for layer, ends in pairs for end in ends)


@pytest.mark.parametrize(
    ("channels", "color", "albedo", "normal"),
    [
        (
            named(
                "ViewLayer.Combined:RGBA",
                "ViewLayer.Denoising Albedo:RGB",
                "ViewLayer.Denoising Normal:XYZ",
                "ViewLayer.Depth:Z",
                "ViewLayer.Normal:XYZ",
            ),
            "ViewLayer.Combined.R",
            "ViewLayer.Denoising Albedo.R",
            "ViewLayer.Denoising Normal.X",
        ),
        (named(":RGBA", "albedo:RGB", "sh_normal:XYZ"), "R", "albedo.R", "sh_normal.X"),
        (named(":RGBA", "albedo:RGB", "nn:XYZ"), "R", "albedo.R", "nn.X"),
        (
            named(":RGBA", "denoise_albedo:RGB", "diffuse_albedo:RGB", "N:XYZ"),
            "R",
            "denoise_albedo.R",
            "N.X",
        ),
        (named(":RGBA", "diffuse_albedo:RGB", "N:RGB", "Z:Z"), "R", "diffuse_albedo.R", "N.R"),
        (named(":RGBA", "diffuseFilter:RGB", "normals:XYZ"), "R", "diffuseFilter.R", "normals.X"),
        (named(":RGBA", "DiffuseFilter:RGB", "normals:RGB"), "R", "DiffuseFilter.R", "normals.R"),
        (named("C:RGBA", "albedo:rgb", "N:xyz"), "C.R", "albedo.r", "N.x"),
        (
            named(":RGBA", "FinalImagePWMDenoiserAlbedo:RGB", "FinalImagePWMDenoiserNormal:RGB"),
            "R",
            "FinalImagePWMDenoiserAlbedo.R",
            "FinalImagePWMDenoiserNormal.R",
        ),
        (
            named("FinalImage:RGBA", "FinalImageBaseColor:RGB", "FinalImageWorldNormal:RGB"),
            "FinalImage.R",
            "FinalImageBaseColor.R",
            "FinalImageWorldNormal.R",
        ),
    ],
    ids=[
        "Cycles",
        "Mitsuba",
        "Mitsuba-nn",
        "Arnold",
        "Arnold-RGB",
        "V-Ray",
        "V-Ray-caps",
        "Karma",
        "MRQ-denoiser",
        "MRQ-passes",
    ],
)
def test_each_renderers_names_are_known(channels, color, albedo, normal):
    """Colour, albedo and normal are found among the names each renderer writes."""
    bound = bind_layers(DENOISER, channels)
    assert [bound[name][0] for name in ("color", "albedo", "normal")] == [color, albedo, normal]
    assert all(len(names) == 3 for names in bound.values())


def test_a_real_render_is_bound(render):
    """The layers of a Cycles file are found in the order that the model wants."""
    channels = list(parse_exr(render).parts[0].channels)
    bound = bind_layers(DENOISER, channels)
    assert bound["color"] == tuple(f"ViewLayer.Combined.{end}" for end in "RGB")
    assert bound["normal"] == tuple(f"ViewLayer.Denoising Normal.{end}" for end in "XYZ")


def test_the_main_layer_comes_before_named_ones():
    """Plain R, G and B win over any beauty layer."""
    assert bind_layers((COLOR,), named(":RGB", "beauty:RGB"))["color"] == ("R", "G", "B")


def test_a_manifests_own_patterns_come_first():
    """A model that asks for a layer by name gets it before the role's usual one."""
    wanted = ModelInput("color", "color", ("R", "G", "B"), layers=("light_*",))
    assert bind_layers((wanted,), named(":RGB", "Light_Key:RGB"))["color"][0] == "Light_Key.R"


def test_a_choice_by_hand_is_followed():
    """The named layer is taken in place of the usual one, whatever its letter case."""
    channels = named(":RGBA", "albedo:RGB", "my_base:RGB")
    for spelling in ("my_base", "MY_BASE"):
        assert bind_layers(DENOISER, channels, {"albedo": spelling})["albedo"][0] == "my_base.R"
    assert bind_layers(DENOISER, channels, {"albedo": "rgba"})["albedo"] == ("R", "G", "B")


def test_a_choice_that_does_not_exist_lists_what_does():
    """A wrong name is never silently replaced, even for an optional input."""
    with pytest.raises(
        LayerError, match=r"'albdo'.*rgba \(A, B, G, R\); albedo \(B, G, R\)"
    ) as caught:
        bind_layers(DENOISER, named(":RGBA", "albedo:RGB"), {"albedo": "albdo"})
    assert caught.value.detail["layers"] == ["", "albedo"]


def test_a_choice_for_an_input_that_the_model_lacks_is_refused():
    """A typing error in the input's name does not pass unseen."""
    with pytest.raises(LayerError, match="no input alebdo"):
        bind_layers(DENOISER, named(":RGB"), {"alebdo": "x"})


def test_optional_inputs_may_be_absent():
    """A file without albedo and normal binds the colour alone."""
    assert list(bind_layers(DENOISER, named(":RGB"))) == ["color"]


def test_a_missing_layer_lists_what_exists():
    """The error for a needed layer helps the artist to name one."""
    with pytest.raises(LayerError, match=r"color \(R, G, B\).*depth \(Z\)"):
        bind_layers(DENOISER, named("depth:Z"))


def test_luminance_only_is_named_as_the_reason():
    """A file of Y alone is refused with that word."""
    with pytest.raises(LayerError, match="luminance only") as caught:
        bind_layers((COLOR,), ["Y"])
    assert caught.value.detail["input"] == "color"


def test_the_remedy_names_the_input_that_failed():
    """Whoever lacks an albedo is not told to choose a colour."""
    albedo = ModelInput("albedo", "albedo", ("R", "G", "B"))
    with pytest.raises(LayerError) as caught:
        bind_layers((COLOR, albedo), named(":RGB"))
    assert "for the input albedo by hand" in caught.value.remedy


def test_single_channels_are_found_in_any_spelling():
    """Depth is found as Z of the main layer or as the only channel of a named one."""
    depth = ModelInput("depth", "depth", ("Z",))
    assert bind_layers((depth,), named(":RGBZ"))["depth"] == ("Z",)
    assert bind_layers((depth,), named(":RGB", "depth:V"))["depth"] == ("depth.V",)
    world = named(":RGB", "FinalImageMovieRenderQueue_WorldDepth:R")
    assert bind_layers((depth,), world)["depth"] == ("FinalImageMovieRenderQueue_WorldDepth.R",)
    with pytest.raises(LayerError):
        bind_layers((depth,), named(":RGB"))


def test_motion_vectors_are_found_in_their_letters():
    """Nuke's forward.u and forward.v serve a model that asks for X and Y."""
    motion = ModelInput("motion", "motion", ("X", "Y"))
    assert bind_layers((motion,), named(":RGB", "forward:uv"))["motion"] == (
        "forward.u",
        "forward.v",
    )


def test_no_wanted_channels_means_all():
    """A model that names no channels gets every one of the file."""
    channels = named(":RGB", "N:XYZ")
    assert bind_layers((ModelInput("image"),), channels)["image"] == tuple(channels)


def test_layers_are_listed_with_their_letters():
    """Only the last dot divides a layer from its channel."""
    assert list_layers(["A", "V.a b.R", "V.a b.G"]) == {"": ("A",), "V.a b": ("R", "G")}


def test_layers_that_nuke_wrote_are_found():
    """Outside the main layer Nuke spells the letters out."""
    channels = [
        "R",
        "G",
        "B",
        "albedo.red",
        "albedo.green",
        "albedo.blue",
        "N.red",
        "N.green",
        "N.blue",
    ]
    bound = bind_layers(DENOISER, channels)
    assert bound["albedo"] == ("albedo.red", "albedo.green", "albedo.blue")
    assert bound["normal"] == ("N.red", "N.green", "N.blue")


def test_a_normal_in_the_main_layer_is_taken_only_by_hand():
    """R, G, B of the main layer are the beauty unless somebody says that they are a normal."""
    assert "normal" not in bind_layers(DENOISER, named(":RGB"))
    assert bind_layers(DENOISER, named(":RGB"), {"normal": "rgba"})["normal"] == ("R", "G", "B")


def test_layers_of_cycles_are_found_as_nuke_spells_them():
    """Nuke puts underscores where Cycles has dots and blanks."""
    layers = ("ViewLayer_Combined", "ViewLayer_Denoising_Albedo", "ViewLayer_DiffCol")
    channels = [f"{layer}.{word}" for layer in layers for word in ("red", "green", "blue")]
    bound = bind_layers(DENOISER, channels)
    assert bound["color"][0] == "ViewLayer_Combined.red"
    assert bound["albedo"][0] == "ViewLayer_Denoising_Albedo.red"


@pytest.mark.parametrize(
    ("role", "layer", "letters"),
    [
        ("color", "ViewLayer_Combined", "RGB"),
        ("color", "ViewLayer_Noisy_Image", "RGB"),
        ("albedo", "ViewLayer_DiffCol", "RGB"),
        ("normal", "View_Layer_Normal", "XYZ"),
        ("depth", "ViewLayer_Depth", "Z"),
        ("motion", "ViewLayer_Vector", "XYZW"),
    ],
)
def test_every_pass_of_cycles_is_found_behind_its_view_layers_name(
    role: str, layer: str, letters: str
) -> None:
    """Nuke joins the two with an underscore, and people give view layers any name."""
    wanted = ModelInput("wanted", role, tuple(letters))
    channels = [f"{layer}.{letter}" for letter in letters]
    assert bind_layers([wanted], channels) == {"wanted": tuple(channels)}
